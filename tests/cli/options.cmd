# Values of options that cannot be, options twice, and options that do not go together.
m --quiet server set mta.hostname mx.example.com mta.backend directory dkim.algorithm ed25519
m --quiet domain add example.com
while read -r row; do
	eval "m $row" </dev/null 2>&1
done <<'ROWS' | grep -v '^! usage: \|^!      ' | undated
audit list --limit 0
audit list --limit -1
audit list --limit x
audit list --limit
audit list --limit 1 --limit 2
audit list --since tomorrow
audit list --since 2026-02-30
audit list --until ''
audit list --since 1d --until 2d
audit list --domain bad..name
audit list --domain none.example
audit list --setting spf.mod
audit list --by ''
audit list extra
audit show 0
audit show x
audit undo -- -1
audit undo
record add example.com www A 192.0.2.1 --ttl -1
record add example.com www A 192.0.2.1 --ttl 2147483648
record add example.com www A 192.0.2.1 --ttl 1h30m
record add example.com www A 192.0.2.1 --ttl 0
record add example.com www A 192.0.2.300
record add example.com www XYZ 1
record add example.com ..www A 192.0.2.1
record set example.com 0 x
record set example.com t9 x
record set example.com 1
record set example.com 1 --ttl 60
record remove example.com 99
record remove example.com x
record reset example.com 99
record reset example.com
domain set example.com dkim.sign on dns.ttl 60
domain enable-dkim --all example.com
zone export --all example.com
key import
--limit 5 audit list
--db '' domain list
--dry-run db backup ../copy.db
template add mail A 192.0.2.1 --ttl x
template add mail A
template set t9 x
template set t1
template reset extra
domain add --alias-of '' a.example
domain add --domains-from
domain list --alias-of none.example
domain list example.com extra
domain rename example.com example.com
domain rename example.com bad..name
domain set example.com dns.ttl
domain set example.com dns.ttl 60 dns.ttl 61
domain set example.com spf.mode 3
domain set example.com dns.tll 60
domain unset example.com
domain get example.com
domain enable-dkim example.com --selector bad..name
domain enable-dkim example.com --selector other
domain enable-dkim --all --selector other
domain disable-dkim
key export example.com --private
key export example.com --private out.pem
key show example.com none
key show example.com bad..name
key show example.com ''
key export example.com bad..name
key export example.com none
key import example.com
key import example.com s1
key import example.com s1 --private absent.pem
key import example.com s1 --private /dev/null
key import --tree absent
key import --tree . --tables absent
key import --tables absent
key import --private - --tree .
key check example.com --resolver
key lint example.com --record x
spf check --from a@b.example
spf check --ip 192.0.2.1
spf check --ip 192.0.2.1 --ip 192.0.2.2 --from a@b.example --zone /dev/null
spf check --ip 192.0.2.1 --from a@b.example --zone /dev/null
spf check --ip 192.0.2.1 --helo h --zone /dev/null
spf lint --record x example.com
spf lint --records-from absent
spf set example.com
spf set example.com --add ip4:192.0.2.300
spf set example.com --remove ip4:192.0.2.1
spf set example.com 'v=spf1 -all' --add ip4:192.0.2.1
spf set example.com --reset --add ip4:192.0.2.1
spf set example.com --reset --ttl 60
dmarc set example.com
dmarc set example.com p
dmarc set example.com p=strict
dmarc set example.com --reset p=none
dmarc set example.com p=none p=reject
mta rollback 0
mta rollback 99
mta rollback x
mta history 99
mta history x
mta plan extra
mta push --remove --scheduled
config import
config import absent.yaml
config export --with-keys
config export --with-keys absent/x.yaml
config diff /dev/null
db backup
db backup absent/x.db
zone show example.com extra
zone export
zone forget
server set spf.mode
server set spf.mode 3 dns.ttl 60 dns.ttl 61
server set dns.ttl 60 dns.ttl 60
server unset
server get spf.mode dns.ttl
server describe spf.mod
doctor none
doctor dns none
completion
completion ksh
--format
--format=json db check
--json --format tsv db check
--format tsv --format json db check
--wait 1 db check --wait 1
--root . db check
--db
--db absent.db domain list
--root
--quiet --verbose db check
--dry-run --quiet domain add a.example
ROWS
ROOT=absent m domain list
