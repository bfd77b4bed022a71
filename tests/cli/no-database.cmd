# Before there is a database: what reads answers as if it were empty, and makes none.
each() {
	while read -r row; do
		# shellcheck disable=SC2086 # words
		m $row </dev/null
	done
}
each <<'ROWS' | undated
server get spf.mode
server describe spf.mode
domain list
domain list --alias-of example.com
domain show example.com
domain get example.com dns.ttl
key list
key list example.com
key show example.com
key export example.com
template list
record list example.com
zone show example.com
mta status
mta history
mta history 1
config export
audit list
audit show 1
db check
db backup copy.db
mta push --scheduled
--dry-run domain add example.com
--dry-run server set spf.mode 3
--dry-run domain enable-dkim example.com
ROWS
find "$ROOT" -name mailauthctl.db
# of what changes something, too, each finds none
each_alone() {
	while read -r row; do
		rm -rf "$ROOT/var"
		# shellcheck disable=SC2086 # words
		m $row </dev/null
	done
}
each_alone <<'ROWS'
domain remove example.com
domain suspend example.com
domain resume example.com
domain rename example.com example.net
domain set example.com dns.ttl 60
domain unset example.com dns.ttl
domain enable-dkim --all
domain disable-dkim example.com
domain disable-dkim --all
key check example.com --published
key check --all --published
record add example.com @ A 192.0.2.1
record set example.com 1 192.0.2.1
record remove example.com 1
record reset example.com 1
spf set example.com --reset
dmarc set example.com p=none
template apply example.com
template apply --all
template remove t1 --yes
template remove mail
template reset
zone export example.com
zone export --all
zone forget example.com
zone forget --all
server unset spf.mode
audit undo 1
mta push
mta rollback --yes
ROWS
