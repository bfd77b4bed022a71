#!/usr/bin/env bash
# Configuration files that do not hold: each is told with its place, and leaves the database alone.
#
# broken.txt has one case after another: a line "--- N", the exit status; "! FILE:LINE:COLUMN: ..."
# for each line that standard error must have; then the file: "| " and a line of it, or "\ " and
# text with escapes as printf(1) knows them, without a line break at its end.
#
# usage: tests/config/run.sh [--update] PROGRAM [STEP]
#   --update   writes what is said now into broken.txt: read the difference before committing it
#   STEP       one case of so many is run (default: 1, all)
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
export LC_ALL=C.UTF-8 TZ=UTC
is_update=
if [ "${1:-}" = --update ]; then
	is_update=1
	shift
fi
PROGRAM=$(realpath -e "$1") || exit 2
step=${2:-1}
cases=$here/broken.txt
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

m() { local root=$1; shift; "$PROGRAM" --root "$root" --no-push --quiet "$@"; }

# ---- files that do not hold ----------------------------------------------------------------------

# What the cases find: a domain that signs, its alias, one with a CNAME record that sends no mail.
mkdir store
{
	m store server set mta.hostname mx.example.com dkim.algorithm ed25519 dns.ipv4 192.0.2.1
	m store template add mail A '<ip>'
	m store domain add example.com other.example
	m store domain add --alias-of example.com alias.example
	m store record set other.example t3 192.0.2.7
	m store record add other.example www CNAME mail
	m store domain set other.example mail off
	m store template apply --all
	m store domain enable-dkim example.com
} 2>setup.txt || cat setup.txt

db=store/var/lib/mailauthctl/mailauthctl.db
state() { cat "$db" | sha256sum; }

says() { # the file f.yaml; prints the exit status and what is said
	local status=0
	m store config import f.yaml >said.txt 2>&1 || status=$?
	echo "--- $status"
	sed 's/^mailauthctl: /! /' said.txt
}

number=0 title=
one_case() {
	local before got
	number=$((number + 1))
	[ $((number % step)) = 0 ] || return 0
	before=$(state)
	got=$(says)
	if [ -n "$is_update" ]; then
		printf '%s\n%s' "$got" "$shown" >>new.txt
		return
	fi
	is "$title" "$got" "$wanted"
	[ "$before" = "$(state)" ] || is "$title leaves the database as it was" changed same
}

shown='' wanted=''
flush_case() {
	[ -z "$shown" ] || one_case
	shown='' wanted='' title=
	: >f.yaml
}

flush_case
while IFS= read -r line; do
	case $line in
	---*)
		flush_case
		wanted=$line
		;;
	'! '*)
		wanted+=$'\n'$line
		title=${title:-${line#! }}
		;;
	'| '* | '|')
		printf '%s\n' "${line:2}" >>f.yaml
		shown+=$line$'\n'
		;;
	\\*)
		printf '%b' "${line:2}" >>f.yaml
		shown+=$line$'\n'
		;;
	esac
done <"$cases"
flush_case
if [ -n "$is_update" ]; then
	mv new.txt "$cases"
	exit
fi
# each says where
places() { sed -n '/^---/,/^[|\\]/p' "$cases" | grep '^!' | grep -vE '^! (warning: )?f\.yaml:[0-9]+:[0-9]+: '; }
is "every fault has its line and column" "$(places)" ""
ok "there are 200 of them" test "$number" -ge 200
done_testing
