#!/bin/bash
# Two pushes and ten writers at once: no change is lost, no file is half one writer's and half
# another's, whoever waits is told for whom, and nobody fails.
#
#   tests/faults/contention.sh [PROGRAM]        (default: build/release/mailauthctl)
#
# CONTENTION_SECONDS=N (default 15).  Ends 0: nothing found, 1: findings (each is one line).
set -u

program=$(realpath "${1:-build/release/mailauthctl}")
seconds=${CONTENTION_SECONDS:-15}
writers=10
work=$(mktemp -d "${TMPDIR:-/var/tmp}/contention.XXXXXX") || exit 1
root=$work/root
findings=0
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

finding() {
	echo "FOUND: $*"
	findings=$((findings + 1))
}

ctl() { "$program" --root "$root" "$@"; }
json() { ctl --json "$@" 2>/dev/null; }

make_host() {
	local number
	mkdir -p "$root"/{var/lib,etc/postfix,var/spool/postfix,etc/dkimkeys}
	echo 'myhostname = mx.example.net' >"$root/etc/postfix/main.cf"
	echo 'smtp inet n - y - - smtpd' >"$root/etc/postfix/master.cf"
	echo 'Syslog yes' >"$root/etc/opendkim.conf"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	ctl server set mta.hostname mx.example.net dkim.algorithm ed25519 || return
	for ((number = 0; number < writers; number++)); do
		ctl domain add "w$number.example" || return
	done
	ctl mta adopt --yes
}

# One call: its words, its exit status, its milliseconds, and what it said of waiting, in a line of
# the log.  Only that somebody held a lock for too long may be its failure.
call() { # log, words...
	local log=$1 status=0 from to
	shift
	from=$(date +%s%3N)
	ctl "$@" >"$log.out" 2>&1 || status=$?
	to=$(date +%s%3N)
	printf '%s\t%d\t%d\t%s\n' "$*" $status $((to - from)) "$(tr '\n' ' ' <"$log.out")" >>"$log"
	return $status
}

# Adds record after record, and lets its domain sign and stop signing: each is one change.
writer() { # number, end
	local number=$1 end=$2 count=0 domain=w$1.example
	while [ "$(date +%s)" -lt "$end" ]; do
		call "$work/writer.$number" record add "$domain" "r$count" TXT "writer $number change $count" || break
		count=$((count + 1))
		case $((count % 4)) in
		1) call "$work/writer.$number" domain enable-dkim "$domain" || break ;;
		3) call "$work/writer.$number" domain disable-dkim "$domain" --now || break ;;
		esac
	done
	echo $count >"$work/count.$number"
}

pusher() { # number, end
	while [ "$(date +%s)" -lt "$2" ]; do
		call "$work/pusher.$1" mta push || break
	done
}

# ---- verdicts ----------------------------------------------------------------------------------------

judge_calls() {
	local words status took said
	while IFS=$'\t' read -r words status took said; do
		[ "$status" = 0 ] || finding "$words: ended $status: $said"
		# A process that waits for a lock says so after one second; the rest is its own work.
		if [ "$took" -gt 10000 ] && ! grep -q 'locked by [0-9]' <<<"$said"; then
			finding "$words: took $took ms and was not told for whom it waited: $said"
		fi
	done < <(cat "$work"/writer.? "$work"/pusher.?)
}

# Every acknowledged change is there, once, and its audit row too: a record each, and for enabling
# and disabling at least one.
judge_changes() {
	local number count have said rows words
	for ((number = 0; number < writers; number++)); do
		count=$(cat "$work/count.$number")
		have=$(json record list "w$number.example" | grep -o "writer $number change [0-9]*" | sort -u | wc -l)
		[ "$have" = "$count" ] || finding "writer $number: $count changes were acknowledged, $have are there"
	done
	for words in "record add" "domain enable-dkim" "domain disable-dkim"; do
		said=$(cat "$work"/writer.? | grep -c "^$words")
		rows=$(json audit list --limit 100000 | grep -c "\"$words\"")
		[ "$rows" -ge "$said" ] || finding "$words: $said changes, $rows audit rows"
	done
}

# The tables hold who signs, whole lines, and no push has anything left to do.
judge_files() {
	local tables=$root/etc/mailauthctl/opendkim wanted
	ctl mta push >"$work/out" 2>&1 || finding "the last push fails: $(tail -n 1 "$work/out")"
	ctl mta plan >"$work/out" 2>&1 || finding "mta plan has something to do: $(head -n 3 "$work/out")"
	wanted=$(json key list | tr '{' '\n' | grep '"active"' | grep -oE 'w[0-9]\.example' | sort -u)
	[ "$(cut -d' ' -f1 "$tables/SigningTable" | sort -u)" = "$wanted" ] ||
		finding "the SigningTable is not who signs: $(cut -d' ' -f1 "$tables/SigningTable" | paste -sd' ')"
	! grep -vE '^[a-z0-9.-]+ [a-z0-9._-]+$' "$tables/SigningTable" || finding "a torn SigningTable"
	! grep -vE '^[a-z0-9._-]+ [a-z0-9.-]+:[a-z0-9-]+:/[^ ]+$' "$tables/KeyTable" || finding "a torn KeyTable"
	[ -z "$(find "$root" -name '*.mailauthctl-*')" ] || finding "files are left over"
	ctl db check >"$work/out" 2>&1 || finding "db check: $(tail -n 1 "$work/out")"
}

if ! make_host >"$work/out" 2>&1; then
	echo "the host could not be made: $(tail -n 1 "$work/out")"
	exit 1
fi
end=$(($(date +%s) + seconds))
for ((i = 0; i < writers; i++)); do writer $i $end & done
for i in 0 1; do pusher $i $end & done
wait
judge_calls
judge_changes
judge_files
calls=$(cat "$work"/writer.? "$work"/pusher.? | wc -l)
[ "$calls" -gt $((writers + 2)) ] || finding "only $calls calls: this proves nothing"
echo "$calls calls in $seconds s, the longest $(cut -f3 "$work"/writer.? "$work"/pusher.? | sort -n | tail -1) ms," \
	"$(cat "$work"/writer.? "$work"/pusher.? | grep -c 'waiting for') were told for whom they waited, $findings findings"
[ "$findings" = 0 ]
