# Sourced by the cases of `audit undo`: a database to change, and both_ways.
# shellcheck shell=bash

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
# What it was when the last one ended, where nothing was changed since.
seen='' seen_at=''
# Does it, takes it back, and takes that back.  What is left besides is said.
both_ways() {
	local before after change undone
	[ "$(last)" = "$seen_at" ] || seen=$(state)
	before=$seen
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
	seen=$(state) seen_at=$(last)
	diff <(echo "$before") <(echo "$seen") | grep '^[<>]' | unkeyed | sed 's/SHA256:[0-9a-f]*/SHA256:.../'
}
