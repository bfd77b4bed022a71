#!/usr/bin/env bash
# Lets a libFuzzer program search for some seconds, beginning with its seeds.  What it finds is
# kept in build/check/ and named.
#
# usage: tests/fuzz/search.sh PROGRAM SECONDS        as TAP
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh

program=$1 seconds=$2
target=${program##*/fuzz_}
found=build/check/found-$target-
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
mkdir -p build/check

search() {
	"$program" -max_total_time="$seconds" -max_len=65536 -timeout=5 -rss_limit_mb=1024 \
		-artifact_prefix="$found" -print_final_stats=1 "$scratch" "tests/fuzz/corpus/$target" \
		>"$scratch.log" 2>&1 && return
	grep -E 'ERROR|SUMMARY|Test unit written|    #[0-9] ' "$scratch.log" | head -20
	return 1
}

ok "$target: nothing found in $seconds s" search
grep -E 'number_of_executed_units|new_units_added|peak_rss' "$scratch.log" | sed 's/^/# /'
rm -f "$scratch.log"
done_testing
