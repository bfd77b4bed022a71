# One view of what would be: the database, records of zones, files of the mail server, what waits.
m server set mta.backend directory mta.hostname mx.example.com dns.ttl 600
m domain add example.com example.net
m --quiet domain enable-dkim example.com
m record add example.com www A 192.0.2.80
m --dry-run record set example.com 1 192.0.2.81
m --dry-run record remove example.com 1 t2
m --dry-run domain set example.com dns.ttl 300 | unkeyed
m --dry-run domain rename example.com renamed.example | unkeyed
m --dry-run domain remove example.com | unkeyed
m --dry-run domain disable-dkim example.com | unkeyed
m --dry-run server set spf.mode reject-fail
m --json --dry-run record set example.com 1 192.0.2.81 --ttl 60
m --format tsv --dry-run record set example.com 1 192.0.2.81
# nothing was changed by any of these
m record list example.com | unkeyed
m --quiet zone export --all
# a setting of the server that shows in every zone: the first few and a count
for i in 1 2 3; do printf 'd%s.example\n' $i; done >names
m --quiet domain add --domains-from names
m --dry-run server set dns.ipv4 192.0.2.53 dns.ttl 60 | unkeyed
m --json --dry-run server set dns.ttl 60 | grep -c '"action": "add"'
# what the next export writes, and which key waits for it
m zone export --all
m record set example.com 1 192.0.2.82
m --quiet --no-push domain set d1.example dns.service external
m --no-push domain enable-dkim d1.example | unkeyed
m mta push
m mta plan | unkeyed
m --json mta plan
m zone export --all
# colours on a terminal only, and not with --no-color or NO_COLOR
seen() { script -qec "$1 $PROGRAM --root $ROOT --dry-run record set example.com 1 192.0.2.81 $2" /dev/null |
	tr -d '\r' | sed 's/\x1b/ESC/g' | grep -E 'zone |^(ESC\[[0-9]*m)?[-+]'; }
seen "TERM=xterm" ""
seen "TERM=xterm" --no-color
seen "TERM=xterm NO_COLOR=1" ""
script -qec "TERM=xterm $PROGRAM --root $ROOT --dry-run server set spf.check off" /dev/null |
	tr -d '\r' | sed 's/\x1b/ESC/g' | grep -E 'ESC.*(---|@@)|ESC.*-spf' | head -4
# many: a count
for i in $(seq 30); do printf 'f%s.example\n' $i; done >names
m --quiet domain add --domains-from names
m --dry-run domain enable-dkim --domains-from names | grep '^! .*DKIM'
m --quiet --no-push server set dns.ttl 61
m mta plan | grep -v '^[-+ @]'
