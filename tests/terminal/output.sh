#!/usr/bin/env bash
# What a person sees in a terminal of 80 and of 200 columns, and what a program reads from a pipe:
# width, colours, progress bars.
#
# usage: tests/terminal/output.sh PROGRAM
set -u
program=$(realpath "$1")
# shellcheck source=tests/terminal/lib.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"
for need in tmux python3; do
	command -v "$need" >/dev/null || {
		echo "1..0 # SKIP $need is not installed"
		exit 0
	}
done
mkdir -p "$scratch/bin" "$scratch/home"
cp "$program" "$scratch/bin/mailauthctl"

m() { fresh mailauthctl --root "$scratch/$1" "${@:2}"; }         # root, words...
in_terminal() { # [variable=value...] columns, root, words...: what is written, octet for octet
	local set=()
	while [[ $1 = *=* ]]; do
		set+=("$1")
		shift
	done
	fresh "${set[@]}" python3 "$here/in_terminal.py" "$1" mailauthctl --root "$scratch/$2" "${@:3}"
}
escape=$'\e'
has_escape() { grep -q "$escape"; }
plain() { sed "s/$escape\[[0-9;]*[mK]//g"; }
widest() { plain | awk '{ if (length > most) most = length } END { print most + 0 }'; }
long_name() { printf 'd%d.a-rather-long-name-of-a-domain.example\n' "$@"; }

# A server without keys; `copied` gives one more like it.
mkdir "$scratch/empty"
m empty --quiet server set mta.backend directory mta.hostname mx.example.org dkim.rsa-bits 1024 zone.reload true
for ((i = 1; i <= 60; i++)); do
	echo "d$i.a-rather-long-name-of-a-domain.example"
done | m empty --quiet domain add --domains-from -
copied() { cp -r "$scratch/empty" "$scratch/$1"; }

# ---- progress -------------------------------------------------------------------------------------

clear=$'\r'$escape'\[K' # for sed
# The octets before the last clearing of the line, and those behind it.
bars() { tr '\n' ' ' <"$1" | sed "s/\(.*\)$clear.*/\1/" | sed "s/$clear/\n/g" | grep /60; }
behind() { tr '\n' ' ' <"$1" | sed "s/.*$clear//"; }
sentence="mailauthctl: DKIM is on; domains: 60, added: 0, failed: 0"
for columns in 200 80 40 12; do
	copied $columns
	in_terminal $columns $columns domain enable-dkim --all >"$scratch/said"
	case $columns in
	200 | 80) bar='generating keys \[[#.]{40}\]  [0-9]+/60' ;;
	40) bar='generating keys \[[#.]{15,20}\]  [0-9]+/60' ;;
	*) bar='' ;;
	esac
	[ -z "$bar" ] || ok "$columns columns: a bar is drawn" grep -qE "^$bar" <<<"$(bars "$scratch/said")"
	ok "$columns columns: the bar leaves the last column free" \
		[ "$(tr '\n' ' ' <"$scratch/said" | sed "s/$clear/\n/g" | grep '^making' |
			awk 'length > most { most = length } END { print most + 0 }')" -lt $columns ]
	is "$columns columns: the bar is gone before the last sentence" "$(behind "$scratch/said")" "$sentence "
done
copied pipe
is "a pipe: no bar, no escape" "$(m pipe domain enable-dkim --all 2>&1)" "$sentence"
copied quiet
is "--quiet: no bar" "$(in_terminal 80 quiet --quiet domain enable-dkim --all)" ""
copied dumb
is "TERM=dumb: no bar" "$(in_terminal TERM=dumb 80 dumb domain enable-dkim --all)" "$sentence"

# ---- colours --------------------------------------------------------------------------------------

bold=$escape'[1m'
# The heading of a listing, the titles of an object, the lines of a difference.
listing() { "$@" server list; }
object() { "$@" server describe spf.mode; }
difference() { "$@" --dry-run server set spf.mode reject-fail spf.check on; }
for what in listing object difference; do
	for columns in 80 200; do
		ok "$what, $columns columns: coloured" has_escape <<<"$($what in_terminal $columns pipe)"
	done
	for off in NO_COLOR=1 TERM=dumb; do
		fails "$what, $off: no escape" has_escape <<<"$($what in_terminal $off 80 pipe)"
	done
	fails "$what in a pipe: no escape" has_escape <<<"$($what m pipe 2>&1)"
	is "$what: colours are the only difference" "$($what in_terminal 200 pipe | plain)" \
		"$($what in_terminal 200 pipe --no-color)"
done
is "NO_COLOR= says nothing" "$(in_terminal NO_COLOR= 200 pipe server list | head -1 | cut -c1-4)" "$bold"
ok "added lines are green" grep -q "^$escape\[32m+" <<<"$(difference in_terminal 80 pipe)"
for format in --json '--format=tsv'; do
	fails "$format in a terminal: no escape" has_escape <<<"$(in_terminal 80 pipe $format server list)"
	is "$format in a terminal: as in a pipe" "$(in_terminal 80 pipe $format server describe)" \
		"$(m pipe $format server describe)"
done

# ---- width ----------------------------------------------------------------------------------------

for columns in 80 200; do
	for words in "server list" "server describe" "mta backends" "mta status" "audit list" "domain list" help \
		"help domain" "help server set" "spf lint --record=v=spf1,+all"; do
		# shellcheck disable=SC2086 # words
		got=$(in_terminal $columns pipe $words | widest)
		ok "$words, $columns columns: fits ($got)" [ "$got" -le $columns ]
	done
done
is "a pipe: nothing is broken or cut" "$(m pipe server describe | grep '^dkim.activate' | tr -s ' ')" \
	"dkim.activate exported, seen, now exported server, domain what a key requires before it signs"
in_pipe=$(m pipe domain list | widest)
ok "a name that is too long stays in one piece" \
	grep -q 'd60.a-rather-long-name-of-a-domain.example' <<<"$(in_terminal 30 pipe domain list)"
is "names are as wide in a pipe" "$in_pipe" "$(in_terminal 200 pipe domain list | widest)"

# ---- questions ------------------------------------------------------------------------------------

# A name without its final dot is asked about before anything is locked.
copied asked
add_mx() { # answer, data
	in_terminal TYPED="$1" 200 asked record add d1.a-rather-long-name-of-a-domain.example @ MX "$2"
}
records() { m asked record list d1.a-rather-long-name-of-a-domain.example | grep -c ' MX '; }
name=mail.d1.a-rather-long-name-of-a-domain.example
ok "a name without a final dot: both readings are asked about" \
	grep -qF "\"$name\" has no final dot and is read as $name.${name#mail.}.; did you mean \"$name.\"? [y/N]" \
	<<<"$(add_mx y "10 $name")"
is "... yes: it gets its dot" "$(m asked record list "${name#mail.}" | grep -o ' MX .*example. ' | tr -s ' ')" \
	" MX 10 $name. "
ok "... no: refused, with what to type" grep -qF "write \"$name.\" for exactly that name" \
	<<<"$(add_mx n "20 $name")"
is "... and nothing is added" "$(records)" 1
ok "an address is not asked about" grep -qF "not an address" <<<"$(add_mx y "20 192.0.2.1")"
is "... nor added" "$(records)" 1

# The SPF and the DMARC record of the template.
remove_policy() { in_terminal TYPED="$1" 200 asked template remove t1; } # answer
policies() { m asked template list | grep -c 'v=spf1'; }
ok "the SPF record of the template: asked about" \
	grep -qF 't1 is the SPF record of every domain that uses the template; remove it?' <<<"$(remove_policy n)"
is "... no: it stays" "$(policies)" 1
remove_policy y >/dev/null
is "... yes: it is removed" "$(policies)" 0
m asked template reset >/dev/null
is "... and a reset restores it" "$(policies)" 1

# A terminal itself: what stands on its screen at the end.
screen_of() { # columns, root, words...
	terminal screen "$1" 40 sh -c 'mailauthctl --root "$0" "$@"; echo "[$?]"; exec sleep 60' \
		"$scratch/$2" "${@:3}"
	wait_for eval 'screen | grep -q "^\[[0-9]*\]$"'
	screen
	t kill-session -t screen
}
is "80 columns: no room beside the others" "$(screen_of 80 pipe server describe | tail -4)" \
	"zone.reload                                             server
    Values: command, or empty
    Meaning: command run after an export with changes; <domain> allowed
[0]"
is "140 columns: broken at words" "$(screen_of 140 pipe server describe | tail -3 | tr -s ' ')" \
	"zone.reload command, or empty server command run after an export with
 changes; <domain> allowed
[0]"
for columns in 80 200; do
	copied screen$columns
	is "$columns columns: bulk work leaves its sentence alone" \
		"$(screen_of $columns screen$columns domain enable-dkim --all)" "$sentence
[0]"
done
done_testing
