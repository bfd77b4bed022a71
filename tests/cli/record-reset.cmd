m server set mta.hostname mx.example.com
m domain add example.com
m record set example.com t1 'v=spf1 mx -all'
m record remove example.com t2
m record list example.com
m record reset example.com t1
m record list example.com
m --json record reset example.com --all
m record list example.com
# what is left out of a zone that has its own: publishes ours after all
m domain add left.example
sqlite3 "$ROOT/var/lib/mailauthctl/mailauthctl.db" "INSERT INTO zone_look (name, ref, at, had) VALUES
	('left.example', 't1', 1, 'TXT v=spf1 mx -all'), ('left.example', 't2', 1, 'CNAME dmarc.example.net.')"
m record list left.example
m --json record list left.example
m --json domain show left.example | sed 1d | jq .left_out
m record reset left.example t1
m record set left.example t2 'v=DMARC1; p=reject'
m record list left.example
m record reset left.example t2
m record list left.example
m record reset left.example default._domainkey
m audit list --domain left.example --limit 3 | undated
