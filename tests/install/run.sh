#!/usr/bin/env bash
# Runs one of the two walks through README.md, each in a bare root of its own (see bare); TAP.
#
# usage: tests/install/run.sh hour|package    (in the top folder)
set -u
cd "$(dirname "$0")/../.." || exit 1
walk=$1
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
cp tests/e2e/lib.sh tests/install/*.sh tests/lib/tap.sh "$scratch"

# What the new user clones.
tests/install/checkout "$scratch/repository" || exit 1
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
