#!/usr/bin/env bash
# Our DKIM verifier against python3-dkim, on generated messages that python3-dkim signed.
#
# usage: tests/dkim-peers/run.sh DKIM_ASK [SEED COUNT]
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
asker=$(realpath "$1") seed=${2:-3} count=${3:-1500}
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
echo "# seed $seed, $count messages"

# A python of /usr/local does not have Debian's modules.
python=
for candidate in python3 /usr/bin/python3; do
	"$candidate" -c 'import dkim, nacl.signing' 2>/dev/null && python=$candidate && break
done
if [ -z "$python" ]; then
	skip "DKIM verification against python3-dkim" "python3-dkim is not installed"
else
	ok "python3-dkim: $count messages of seed $seed, every difference is one that is explained" \
		"$python" "$here/compare.py" "$asker" "$seed" "$count" "$folder"
fi
done_testing
