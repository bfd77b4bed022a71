m completion bash | head -3
m completion zsh | head -3
m completion fish | head -3
m --json completion bash | sed 's/"script": ".*"/"script": "..."/'
m completion
m completion tcsh

m domain add example.org example.net bücher.example 2>/dev/null
m domain add --alias-of example.org alias.example 2>/dev/null
m server set spf.mode reject-fail dkim.algorithm ed25519 dns.service external 2>/dev/null
m domain enable-dkim example.org >/dev/null 2>&1
m record set example.org t2 'v=DMARC1; p=reject' 2>/dev/null
m record add example.org www A 192.0.2.7 2>/dev/null
mkdir -p "$ROOT/etc"
printf 'root:x:0:0::/root:/bin/sh\nmaria:x:1000:1000:María:/home/maria:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$ROOT/etc/passwd"

# What may stand at the end of a line, as zsh asks; "|" may stand where the cursor is.
at() {
	local before=${1%%|*} after=
	[ "$before" = "$1" ] || after=${1#*|}
	local words=() behind=()
	read -ra words <<<"$before"
	read -ra behind <<<"$after"
	case $before in *' ') words+=('') ;; esac
	printf '? %s\n' "$1"
	"$PROGRAM" --root "$ROOT" __complete -- zsh $((${#words[@]} - 1)) "${words[@]}" "${behind[@]}" 2>&1 | undated
}
at 'mailauthctl '
at 'mailauthctl s'
at 'mailauthctl audit '
at 'mailauthctl nothing '
at 'mailauthctl help '
at 'mailauthctl help zone '
at 'mailauthctl --quiet zone '
at 'mailauthctl __comp'
at 'mailauthctl completion '
at 'mailauthctl --'
at 'mailauthctl zone export --'
at 'mailauthctl zone export '
at 'mailauthctl zone export example.org '
at 'mailauthctl zone export example.org --a'
at 'mailauthctl zone export --all '
at 'mailauthctl zone export --all --d'
at 'mailauthctl zone export | --all'
at 'mailauthctl --json --jso'
at 'mailauthctl --js| server list --json'
at 'mailauthctl --format '
at 'mailauthctl --format=t'
at 'mailauthctl --nothing='
at 'mailauthctl --wait '
at 'mailauthctl --db '
at 'mailauthctl --root '
at 'mailauthctl key import --tree '
at 'mailauthctl key import --private='
at 'mailauthctl db backup '
at 'mailauthctl server get dk'
at 'mailauthctl domain get example.org m'
at 'mailauthctl server unset srs.domain srs.'
at 'mailauthctl server set srs.enabled '
at 'mailauthctl server set spf.mode '
at 'mailauthctl server set mta.backend '
at 'mailauthctl server set dkim.retire-after '
at 'mailauthctl server set srs.secret '
at 'mailauthctl server set dkim.policy '
at 'mailauthctl server set zone.directory '
at 'mailauthctl server set mta.credentials-file '
at 'mailauthctl server set zone.reload '
at 'mailauthctl server set srs.exclude-domains ex'
at 'mailauthctl server set srs.exclude-domains example.org,ex'
at 'mailauthctl server set nothing '
at 'mailauthctl server set spf.check on srs.enabled o'
at 'mailauthctl domain set example.org owner '
at 'mailauthctl domain set example.org dkim.sign '
at 'mailauthctl domain set example.net dkim.sign '
at 'mailauthctl domain set nothing.example dkim.sign '
at 'mailauthctl domain show '
at 'mailauthctl domain show EXA'
at 'mailauthctl domain show bü'
at 'mailauthctl domain list a'
at 'mailauthctl domain list --alias-of='
at 'mailauthctl domain rename example.net '
at 'mailauthctl domain remove example.org example.'
at 'mailauthctl key show example.org '
at 'mailauthctl key show alias.example '
at 'mailauthctl key show example.net '
at 'mailauthctl record set example.org '
at 'mailauthctl record remove example.org t2 '
at 'mailauthctl record add example.org '
at 'mailauthctl record add example.org www T'
at 'mailauthctl template set '
at 'mailauthctl audit show '
at 'mailauthctl mta rollback '
at 'mailauthctl mta push '
at 'mailauthctl spf check --i'
at 'mailauthctl domain show -- -'
at 'mailauthctl domain show --root /nowhere ex'
at "mailauthctl domain show --root $SCRATCH/nowhere ex|" | sed "s|$SCRATCH|SCRATCH|"
at 'mailauthctl domain show --db nowhere.db ex'

# As bash asks: readline puts in what stands behind the last "=" or ":".
bash_at() {
	printf '? %s|%s\n' "$1" "${2:-}"
	"$PROGRAM" --root "$ROOT" __complete -- bash "$1" "${2:-}" $' \t\n"\'@><=;|&(:' 2>&1
}
bash_at 'mailauthctl domain li'
bash_at 'mailauthctl --format=js'
bash_at 'mailauthctl "--format"=js'
bash_at 'mailauthctl domain show "exam' 'ple.org" --json'
bash_at "FOO='a b' mailauthctl  server set  spf.check "
bash_at 'mailauthctl --db one\ two.db domain show --js'
bash_at 'mailauthctl domain list --alias-of=alias' ' --json'
# what is no longer, or not now: former zones, suspended domains, pushes
{
	m --quiet server set mta.hostname mx.example.com mta.backend directory dns.service hosted
	m --quiet domain add gone.example
	m --quiet zone export --all
	m --quiet domain remove gone.example
	m --quiet zone export --all
	m --quiet domain suspend example.net
	m --quiet mta adopt --yes
	m --quiet server set spf.mode headers-only
} >/dev/null 2>&1
at 'mailauthctl zone forget '
at 'mailauthctl zone lint '
at 'mailauthctl zone lint --'
at 'mailauthctl zone show example.org --'
at 'mailauthctl domain resume '
at 'mailauthctl mta rollback '
at 'mailauthctl mta history '
m __complete
m __complete bash
m __complete -- zsh 7 mailauthctl
rm -rf "$ROOT/var"
at 'mailauthctl domain show ex'
at 'mailauthctl mta rollback '
ls -A "$ROOT"

# Behind every row, and behind each option of it: an answer, and nothing else.
ask() {
	"$PROGRAM" --root "$ROOT" __complete -- zsh $(($# - 1)) "$@" >"$SCRATCH/answer" 2>"$SCRATCH/said" ||
		echo "exit $?: $*"
	[ ! -s "$SCRATCH/said" ] || { echo "said: $*"; cat "$SCRATCH/said"; }
	grep -qE '^:(words|open|files|folders)' "$SCRATCH/answer" || { echo "no answer: $*"; cat "$SCRATCH/answer"; }
}
rows=0
for noun in $("$PROGRAM" help | sed -n '/^Commands:/,/^Options/s/^  \([a-z]*\) .*/\1/p'); do
	for verb in '' $("$PROGRAM" help "$noun" 2>/dev/null | sed -nE "s/^  $noun ([a-z-]+).*/\1/p"); do
		ask mailauthctl "$noun" ${verb:+"$verb"} ''
		ask mailauthctl "$noun" ${verb:+"$verb"} -
		rows=$((rows + 1))
	done
done
[ $rows -gt 40 ] || echo "only $rows rows"
