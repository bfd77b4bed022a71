db=$ROOT/var/lib/mailauthctl/mailauthctl.db
# days pass: what was made and what is due moves back
days() {
	echo "--- $1 days later"
	sqlite3 "$db" "UPDATE dkim_key SET due = due - $1 * 86400, created = created - $1 * 86400"
}
# "default:active default-2:pending", and which key signs
states() {
	m --format tsv key list "$@" | sed "s/$(date -u +%Y%m%d)/DATE/g" | awk -F '\t' 'NR > 2 { print "  " $1, $2, $5, $8, $9, $10 }'
	ls "$ROOT/var/lib/mailauthctl/rendered/etc/dkimkeys/${1:-example.com}"
}
m server set mta.hostname mx.example.com mta.backend directory zone.reload /bin/true
m key rotate example.com
m key rotate --all
m domain add off.example
m key rotate off.example
m domain enable-dkim example.com
m --dry-run key rotate example.com off.example
m key rotate example.com
states
m key rotate
m key rotate --all example.com
m --json key rotate example.com | undated

# pending, active, retiring, revoked, gone
m server set dkim.activate seen
m key rotate example.com
states
m key rotate example.com
m key rotate --all
states
m domain show example.com | undated
m key check --published example.com
states
days 8
m zone export --all
states
m zone show example.com | unkeyed
m mta status | undated | sed -n '/^Keys that/,$p'
days 8
m zone export --all
states

# what is due; the cron job begins it, and says nothing
m server set dkim.activate exported
m key rotate --due
m server set dkim.rotate-after 90d
days 91
m key list | undated
m mta status | grep -E '^(Next|Rotations)'
m --dry-run key rotate --due
m zone export --all
states
m key rotate --due
m domain set example.com dkim.rotate-after 0
days 365
m key rotate --due

# other algorithms, patterns
m domain set example.com dkim.algorithm both dkim.rsa-bits 1024
m key rotate example.com
states
m domain set example.com dkim.algorithm ed25519 dkim.selector '{algorithm}{serial}'
m domain set example.com dkim.activate seen
m key rotate example.com
states
m key check --published example.com
states
m server set dkim.selector 'a{day}' dkim.rsa-bits 1024
m server set dkim.selector 'mail-{date}'

# zones elsewhere: the records are printed
m domain set example.com dkim.algorithm rsa
m key rotate example.com
m key check --published example.com
m domain set off.example dns.service external
m domain enable-dkim off.example | unkeyed | sed "s/$(date -u +%Y%m%d)/DATE/g"
m key check --published off.example
m domain add --alias-of off.example alias.example
m domain set alias.example dns.service external
m key check --published alias.example
m --json key rotate off.example | unkeyed | sed "s/$(date -u +%Y%m%d)/DATE/g"
m key check --published off.example | sed "s/$(date -u +%Y%m%d)/DATE/g"
m key rotate off.example 2>&1 | unkeyed | sed "s/$(date -u +%Y%m%d)/DATE/g" | tail -n 1
m key check --published alias.example
states off.example | sed "s/$(date -u +%Y%m%d)/DATE/g"
m audit list --domain off.example | undated | sed "s/$(date -u +%Y%m%d)/DATE/g"
m key rotate alias.example
m domain suspend off.example
m key rotate off.example

# a new key that was not public yet can be taken back
m domain set example.com dkim.activate seen
m key rotate example.com
states example.com
m audit undo "$(sqlite3 "$db" "SELECT max(id) FROM change WHERE command = 'key rotate'")" | sed 's/undo [0-9]*/undo N/'
states example.com
