db=$ROOT/var/lib/mailauthctl/mailauthctl.db
states() {
	m --format tsv key list "$@" | awk -F '\t' 'NR > 2 { print "  " $1, $2, $5, $8 }'
	ls "$ROOT/var/lib/mailauthctl/rendered/etc/dkimkeys/example.com" 2>/dev/null
}
m server set mta.hostname mx.example.com mta.backend directory zone.reload /bin/true dkim.rsa-bits 1024
m domain enable-dkim example.com
m key revoke example.com
m key revoke example.com other
m key revoke other.example default
m key revoke example.com default
states
m --dry-run key revoke example.com default | unkeyed | sed -E 's/SHA256:[0-9a-f]+/SHA256:DIGEST/; /^Mail server/,/^Pending/d'
states
# the record is empty, and another key signs
m key revoke example.com default --yes
states
m zone show example.com | unkeyed
m key revoke example.com default --yes
m audit list --domain example.com | undated
sqlite3 "$db" 'SELECT count(*) FROM dkim_private'

# nothing is signed until the new record is seen
m domain set example.com dkim.activate seen
m key revoke example.com default-2 --yes
states
m domain show example.com | undated | sed -n '1,/^$/p'
m key check --published example.com
states

# during a rotation: the new key takes over when its record is public
m key rotate example.com
m key revoke example.com default-3 --yes
states
m key revoke example.com default-4 --yes
states

# a key that is resting, and one that is parked
m key check --published example.com
m domain disable-dkim example.com
m key revoke example.com default-5 --yes
m key import example.com old --private <(openssl genpkey -algorithm ed25519 2>/dev/null)
make_key old.pem
m key import example.com old --private old.pem
m key revoke example.com old --yes
states

# without a push the record is kept: the host still signs with the key
m domain set example.com dkim.activate exported
m domain enable-dkim example.com
m --no-push key revoke example.com default-6 --yes
states
m mta push
m zone export --all
states

# a zone elsewhere
m domain add --alias-of example.com alias.example
m domain set example.com dns.service external
m --json key revoke example.com default-7 --yes | unkeyed
states
m key revoke alias.example default-8 --yes
