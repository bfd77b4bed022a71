#!/usr/bin/env bash
# Our SPF evaluator against python3-spf and spfquery of libspf2, on generated zones and records: all
# three ask the same NSD, on a throw-away host.  Every difference must be one of differences.tsv.
#
# usage: tests/spf-peers/run.sh SPF_ASK [SEED COUNT]
# With the usual seed and count, a listed difference that does not show any more fails too.
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
asker=$(realpath "$1") seed=${2:-3} count=${3:-6000}
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
cp "$here"/* "$here/../e2e/lib.sh" "$here/../lib/tap.sh" "$folder"
cp "$asker" "$folder/spf_ask"
echo "$seed $count $([ $# -gt 1 ] || echo all-rows)" >"$folder/settings"
echo "# seed $seed, $count cases"

status=77
echo "python3 is missing" >"$folder/output"
if command -v python3 >/dev/null; then
	python3 "$here/generate.py" "$seed" "$count" "$folder" || exit 1
	status=0
	"$here/../e2e/host" "$asker" "$folder" inside.sh >"$folder/output" 2>&1 || status=$?
fi
if [ $status = 77 ]; then
	skip "SPF evaluation against other programs" "$(tail -1 "$folder/output")"
	done_testing
	exit
fi
cat "$folder/output"
exit $status
