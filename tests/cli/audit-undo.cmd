# Every command that changes something: done, taken back, and the configuration is what it was.  Here
# those of settings and domains, and what cannot be taken back; records, templates and whole
# configurations in the cases beside it.
. "$CASES/undo.sh"
both_ways server set spf.mode reject-fail spf.local-rules 'include:spf.example.net'
both_ways server set dns.service external
both_ways server set srs.enabled on srs.domain bounce.example.com
both_ways server unset dns.ttl
both_ways domain add new.example other.example
both_ways domain add alias.example --alias-of example.com
both_ways domain set example.com dns.ipv4 192.0.2.1 dns.ttl 60
both_ways domain unset example.com dns.ttl mail
both_ways domain rename example.com example.org
both_ways domain suspend example.com
"$PROGRAM" --root "$ROOT" --quiet domain suspend example.net
both_ways domain resume example.net

# what cannot be taken back
m domain resume example.net
m --quiet domain enable-dkim example.net
m audit undo "$(last)"
make_key a.pem
m --no-push key import example.org s1 --private a.pem
m domain add example.org
m key import example.org s1 --private a.pem
m audit undo "$(last)"
m key list example.org
m audit undo "$(last)"
m --quiet domain remove example.net
m audit undo "$(last)"
m --quiet server set srs.secret generate
m audit undo "$(last)"

m --quiet --no-push domain add external.example
m --quiet --no-push domain set external.example dns.service external
m --quiet --no-push domain enable-dkim external.example | unkeyed
m --no-push key check --published external.example
m audit undo "$(last)"

# changed again since
m server set spf.mode 1
first=$(last)
m server set spf.mode 2 spf.check off
m audit undo "$first"
m --dry-run --json audit undo "$(last)" | sed '/"plan"/d'
m --json audit undo "$(last)"
m audit undo "$first"
m server set spf.mode 2
m audit undo --force "$first"
m server get spf.mode
m audit undo 9999
m audit undo x
m audit undo

# what the mail server cannot do is refused as by "server set"
m --quiet server set dmarc.check on
m --quiet server set dmarc.check off
off=$(last)
m --quiet server set mta.backend exim
m server set dmarc.check on
m audit undo "$off" | sed "s/undo $off/undo N/"
m server get dmarc.check
