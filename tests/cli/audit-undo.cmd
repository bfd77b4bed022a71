# Every command that changes something: done, taken back, and the configuration is what it was.
m server set mta.backend directory mta.hostname mx.example.com dns.ttl 600
m domain add example.com example.net
m domain set example.com dns.ttl 300 mail on
m record add example.com www A 192.0.2.80
m record set example.com t1 'v=spf1 mx -all'
m template add '<domain>.' MX '10 mail.<domain>.'
m template apply --all

# Settings, domains, records, template; nothing that time or an export decides.
state() {
	local name
	"$PROGRAM" --root "$ROOT" --json server list
	"$PROGRAM" --root "$ROOT" --json template list 2>/dev/null
	for name in $("$PROGRAM" --root "$ROOT" domain list | sed 1d | cut -d' ' -f1); do
		"$PROGRAM" --root "$ROOT" --json record list "$name"
		"$PROGRAM" --root "$ROOT" --json zone show "$name"
		"$PROGRAM" --root "$ROOT" --json domain show "$name" |
			sed -nE '/"(domain|alias_of|suspended|dkim)":|"settings"/,/\],/p' | grep -vE 'created|zone|hint'
	done
}
last() { "$PROGRAM" --root "$ROOT" --json audit list --limit 1 | sed -nE 's/.*"id": ([0-9]+),.*/\1/p'; }
# Does it, takes it back, and takes that back.  What is left besides is said.
both_ways() {
	local before after change undone
	before=$(state)
	echo "--- $*"
	m "$@" >"$SCRATCH/said"
	grep -E '^\[exit' "$SCRATCH/said"
	change=${CHANGE:-$(last)}
	after=$(state)
	[ "$before" != "$after" ] || echo "it changed nothing"
	m audit undo "$change" | sed 1d
	diff <(echo "$before") <(state) | grep '^[<>]' | unkeyed | sed 's/SHA256:[0-9a-f]*/SHA256:.../'
	undone=$(last)
	[ -z "${ONE_WAY:-}" ] || return
	m audit undo "$undone" | sed 1d
	diff <(echo "$after") <(state) | grep '^[<>]' | unkeyed | sed 's/SHA256:[0-9a-f]*/SHA256:.../'
	"$PROGRAM" --root "$ROOT" --quiet audit undo "$(last)"
	diff <(echo "$before") <(state) | grep '^[<>]' | unkeyed | sed 's/SHA256:[0-9a-f]*/SHA256:.../'
}
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
both_ways record add example.com @ MX '20 mx2.<domain>.' --ttl 120
both_ways record set example.com 1 192.0.2.81
both_ways record set example.com t2 --ttl 77
both_ways record set example.com t1 'v=spf1 -all'
both_ways record remove example.com 1 t2
both_ways record reset example.com t1
both_ways record reset example.com --all
both_ways spf set example.com --add include:spf.example.net
both_ways dmarc set example.com p=quarantine
both_ways template add www CNAME '<domain>.'
both_ways template set t2 'v=DMARC1; p=reject' --ttl 60
both_ways template remove t3 t1
both_ways template reset
"$PROGRAM" --root "$ROOT" --quiet template set t2 'v=DMARC1; p=quarantine'
both_ways template apply example.com
both_ways template apply --all
"$PROGRAM" --root "$ROOT" --quiet template apply example.net
both_ways template apply --all
both_ways domain remove example.com example.net

cat >new.yaml <<'END'
format: 1
server:
  spf.mode: 3
template:
  - id: t2
    owner: _dmarc
    type: TXT
    data: v=DMARC1; p=quarantine
  - owner: ftp
    type: A
    ttl: 10m
    data: 192.0.2.21
domains:
  example.com:
    settings:
      dns.ttl: 120
    records:
      - owner: www
        type: A
        data: 192.0.2.99
  imported.example: {}
  alias.example:
    alias-of: example.com
END
both_ways config import new.yaml
both_ways config import --prune new.yaml

# DKIM: the keys stay and rest, and their records stay for a while
ONE_WAY=1 CHANGE=$(($(last) + 1)) both_ways domain enable-dkim example.com
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
m --quiet audit undo "$(last)"
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
ONE_WAY=1 both_ways domain disable-dkim example.com
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
m audit undo "$(last)"
ONE_WAY=1 CHANGE=$(($(last) + 1)) both_ways domain enable-dkim fresh.example
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
