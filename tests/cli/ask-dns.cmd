# Commands that ask DNS, with a name server of our own: records that are right, wrong, missing, not to be
# had.  "key check" asks the zone's own servers, of which there are none.
m --quiet server set mta.hostname mx.example.com mta.backend directory dkim.algorithm ed25519
m --quiet domain add missing.example right.example wrong.example silent.example
m --quiet domain add --alias-of right.example alias.example
for domain in missing right wrong silent; do m --quiet domain set $domain.example dns.service external; done >/dev/null
m --quiet domain enable-dkim missing.example right.example wrong.example silent.example | unkeyed
record() { "$PROGRAM" --root "$ROOT" key show "$1" | sed -n 's/.*\(v=DKIM1[^"]*\).*/\1/p' | head -1; }
cat >table <<Z
right.example TXT v=spf1 ip4:192.0.2.1 -all
_dmarc.right.example TXT v=DMARC1; p=reject; rua=mailto:r@right.example
wrong.example TXT v=spf1 include:silent.example -all
_dmarc.wrong.example TXT v=DMARC1; p=strict
silent.example SERVFAIL
_dmarc.silent.example SERVFAIL
default._domainkey.right.example TXT $(record right.example)
default._domainkey.wrong.example TXT $(record right.example)
default._domainkey.silent.example REFUSED
Z
serve_dns table
m --json key check missing.example --resolver "$dns" | unkeyed
m key check wrong.example --resolver "$dns" | unkeyed
m key check silent.example --resolver "$dns" | unkeyed
m key check right.example alias.example --resolver "$dns" | unkeyed
m key list | undated
m key check --all --resolver "$dns" | unkeyed
m key check --all --resolver "$dns" --published
m key check right.example --resolver 127.0.0.1:0
m key check right.example --resolver nowhere
# what is published
for domain in right wrong missing silent; do
	m key lint $domain.example --resolver "$dns" | unkeyed
	m dmarc lint $domain.example --resolver "$dns"
	m spf lint $domain.example --resolver "$dns"
	m --json spf check --ip 192.0.2.1 --from a@$domain.example --resolver "$dns"
done
m spf explain --ip 192.0.2.9 --from a@right.example --resolver "$dns"
