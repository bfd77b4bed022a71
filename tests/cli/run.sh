#!/usr/bin/env bash
# Runs the cases of this folder.  NAME.cmd is a script for bash; what it prints must be NAME.out.
#
# A case runs in a fresh, empty folder.  In it, `m ...` is `mailauthctl --root ROOT ...` with a
# fresh ROOT; it prints the command line, standard output, standard error with "! " in front of
# each line, and the exit status where it is not 0.  What varies from run to run (times, keys) is
# taken out by the case itself: see `undated` and `unkeyed` in lib.sh.
#
# usage: tests/cli/run.sh [--update] PROGRAM [NAME...]
#   --update   writes what is printed now into NAME.out: read the difference before committing it
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"

is_update=
if [ "${1:-}" = --update ]; then
	is_update=1
	shift
fi
[ $# -ge 1 ] || { echo "usage: tests/cli/run.sh [--update] PROGRAM [NAME...]" >&2; exit 2; }
PROGRAM=$(realpath "$1")
shift
CASES=$here
unset SUDO_UID PKEXEC_UID DOAS_USER
export PROGRAM CASES
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT

run_case() { # name
	SCRATCH=$scratch/$1
	ROOT=$SCRATCH/root
	mkdir -p "$ROOT" "$SCRATCH/work"
	env -i PATH="$PATH" HOME="$SCRATCH" LC_ALL=C.UTF-8 TZ=UTC ROOT="$ROOT" SCRATCH="$SCRATCH" \
		PROGRAM="$PROGRAM" CASES="$CASES" ASAN_OPTIONS="${ASAN_OPTIONS:-}" \
		UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" \
		bash -u -c 'cd "$SCRATCH/work" && . "$CASES/lib.sh" && . "$0"' "$here/$1.cmd" 2>&1 </dev/null
	rm -rf "$SCRATCH"
}

# "server set" and all the others, as the program lists them.
rows() {
	local noun verbs
	"$PROGRAM" help | sed -n '/^Commands:/,/^$/p' | sed -nE 's/^  ([a-z]+).*/\1/p' |
		grep -v '^help$' | while read -r noun; do
		verbs=$("$PROGRAM" help "$noun" | sed -nE "s/^  ($noun [a-z-]+).*/\1/p")
		echo "${verbs:-$noun}"
	done
}

# A row is covered by a case of its name that runs it plain and in JSON.
covers() { # row
	local file=$here/${1// /-}.cmd
	[ -f "$file" ] || { echo "no ${file##*/}"; return 1; }
	grep -qE "m $1( |\$)" "$file" || { echo "no plain \"m $1\" in ${file##*/}"; return 1; }
	grep -qE "m --json( --?[a-z-]+)* $1( |\$)" "$file" ||
		{ echo "no \"m --json $1\" in ${file##*/}"; return 1; }
}

if [ $# = 0 ]; then
	while read -r row; do
		[ -n "$is_update" ] || ok "\"$row\" has a case, plain and JSON" covers "$row"
	done < <(rows)
	mapfile -t names < <(cd "$here" && ls -- *.cmd | sed 's/\.cmd$//')
	[ "${#names[@]}" -gt 0 ] || exit 1
	set -- "${names[@]}"
fi
# As many at a time as there are processors.
for name; do
	while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	run_case "$name" >"$scratch/$name.got" &
done
wait
for name; do
	if [ -n "$is_update" ]; then
		cp "$scratch/$name.got" "$here/$name.out"
	else
		is "$name" "$(cat "$scratch/$name.got")" "$(cat "$here/$name.out" 2>/dev/null)"
	fi
done
[ -n "$is_update" ] || done_testing
