#!/usr/bin/env bash
# Runs one of the two walks through README.md, each in a bare root of its own (see bare); TAP.
#
# usage: tests/install/run.sh hour|package    (in the top folder)
set -u
cd "$(dirname "$0")/../.." || exit 1
walk=$1
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
cp tests/e2e/lib.sh tests/install/*.sh tests/lib/tap.sh "$scratch"

# What the new user clones: the files of this folder as they are now.
{
	if git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z -co --exclude-standard
	else
		find . -type f -not -path './build/*' -not -path './bin/*' -not -path './quickstart/*' -printf '%P\0'
	fi
} | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar --null -T - -c | { mkdir "$scratch/repository" && tar -x -C "$scratch/repository" --no-same-owner; }
(
	cd "$scratch/repository" || exit
	git init -q -b main . && git add -A &&
		git -c user.name=test -c user.email=test@example.org commit -q -m "The files under test"
) || exit 1
chmod -R a+rX "$scratch"

status=0
tests/install/bare "$scratch" "$walk.fetch.sh" "$walk.sh" >"$scratch/output" 2>&1 || status=$?
if [ $status != 77 ]; then
	cat "$scratch/output"
	exit $status
fi

# This machine cannot.
. tests/lib/tap.sh
skip "README.md followed in a bare root: $walk" "$(tail -1 "$scratch/output")"
done_testing
