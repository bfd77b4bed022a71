#!/usr/bin/env bash
# Adopts a mail server that is set up as a public project sets it up, on a throw-away host (see
# tests/e2e/host), and judges what becomes of its mail; TAP.  The set-ups, what listens beside them
# and what sends are test data: TESTDATA/setups.
#
# usage: tests/setups/run.sh PROGRAM NAME
set -u
here=$(dirname "$(realpath "$0")")
program=$1 name=$2
data=${TESTDATA:-$here/../../../shared/data}/setups

. "$here/../lib/tap.sh"
if [ ! -e "$data/$name/master.cf" ] || [ ! -e "$data/tools/run.sh" ]; then
	skip "set-up $name" "no test data at $data (TESTDATA=DIR says where)"
	done_testing
	exit
fi
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/work-in/{bin,out,setups}
cp "$data"/tools/* "$scratch/work-in"
cp -r "$data/$name" "$scratch/work-in/setups"
cp "$program" "$(dirname "$program")/mailauth-policyd" "$scratch/work-in/bin"
cp "$here/judge.py" "$scratch"
cat >"$scratch/go.sh" <<SCRIPT
mv /e2e/work-in /work-in
bash /work-in/run.sh $name
exec python3 /e2e/judge.py $name /work-in/out/$name
SCRIPT

status=0
HOST_PACKAGES="postfix-pcre postfix-sqlite dovecot-core" "$here/../e2e/host" "$program" \
	"$scratch" go.sh >"$scratch/output" 2>&1 || status=$?
if [ $status = 77 ]; then
	skip "set-up $name" "$(tail -1 "$scratch/output")"
	done_testing
	exit
fi
cat "$scratch/output"
exit $status
