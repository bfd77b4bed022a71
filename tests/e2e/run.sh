#!/usr/bin/env bash
# Runs end-to-end scripts, each on a throw-away mail host of its own (see host); TAP.
#
# usage: tests/e2e/run.sh PROGRAM SCRIPT
set -u
here=$(dirname "$(realpath "$0")")
program=$1 script=$2
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
cp "$here"/*.sh "$here"/*.py "$here/../lib/tap.sh" "$scratch"
cp "$(dirname "$program")"/{mailauth-policyd,tests/lib/dnsd} "$here/../../README.md" "$scratch"
cp -r "$(dirname "$program")/man" "$scratch"
echo "${KILL_STEP:-1}" >"$scratch/kill.step"
echo "${KILL_CASES:-unverified unchecked strict unsigned plain}" >"$scratch/kill.cases"

# Of the version that upgrade.sh begins with.
if [ "$script" = upgrade.sh ]; then
	"$here/earlier" 9742cad "$scratch/earlier" >"$scratch/output" 2>&1 || missing=$?
fi

status=${missing:-0}
[ $status != 0 ] || "$here/host" "$program" "$scratch" "$script" >"$scratch/output" 2>&1 || status=$?
if [ $status != 77 ]; then
	cat "$scratch/output"
	exit $status
fi

# This machine cannot: every test by name.
. "$here/../lib/tap.sh"
why=$(tail -1 "$scratch/output")
while IFS= read -r name; do
	skip "$name" "$why"
done < <(sed -nE 's/^[[:space:]]*(ok|is|fails) "([^"]*)".*/\2/p' "$here/$script")
done_testing
