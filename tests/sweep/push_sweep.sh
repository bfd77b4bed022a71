#!/bin/bash
# Kills a push at every system call that changes something, and makes each such call fail, on a
# root in a temporary folder; the next run must find the old state or the new one, and nothing left
# over.
#
#   tests/sweep/push_sweep.sh [PROGRAM]        (default: bin/mailauthctl)
#
# SWEEP_STEP=N looks at every N-th call only; SWEEP_CASES="push remove" at those cases; SWEEP_KEEP=1
# keeps the folder of a finding.
# Needs strace and bash.  Ends 0: nothing found, 1: findings (each is one line), 77: skipped.
set -u

program=$(realpath "${1:-bin/mailauthctl}")
step=${SWEEP_STEP:-1}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/push_sweep.XXXXXX") || exit 1
runs=0
findings=0

# One class for each kind of damage; strace counts the calls of a class together.
readonly classes=(
	"rename,renameat,renameat2"
	"unlink,unlinkat,rmdir"
	"mkdir,mkdirat"
	"link,linkat"
	"fsync,fdatasync,syncfs"
	"write,pwrite64"
	"fchmod,fchmodat,chmod,fchown,fchownat,chown"
	"ftruncate"
	"openat2"
)

cleanup()
{
	if [ "${SWEEP_KEEP:-0}" = 1 ] && [ "$findings" -gt 0 ]; then
		echo "kept: $work" >&2
	else
		rm -rf "$work"
	fi
}
trap cleanup EXIT
trap 'exit 1' INT TERM

ctl()
{
	local root=$1
	shift
	"$program" --root "$root" "$@"
}

# What a mail server has to do with: not our databases, which have their own journal, nor old files
# that wait for the next run to remove them.  A private key that the case makes is another one in
# each run.
state_of()
{
	(
		cd "$1" || exit 1
		find . -path ./var/lib/mailauthctl -prune -o ! -name '*.mailauthctl-old' \
			-printf '%p %m %U:%G\n'
		find . -path ./var/lib/mailauthctl -prune -o -type f ! -name '*.private' \
			! -name '*.mailauthctl-old' -exec sha256sum {} +
	) | sort
}

# A host with Postfix's own files, a store with two domains that sign, adopted.
make_host()
{
	local root=$1

	mkdir -p "$root/var/lib" "$root/etc/postfix" "$root/var/spool/postfix" "$root/etc/dkimkeys"
	printf '%s\n' 'myhostname = mx.example.net' 'mydestination = localhost' \
		'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination' \
		>"$root/etc/postfix/main.cf"
	printf '%s\n' 'smtp      inet  n       -       y       -       -       smtpd' \
		'cleanup   unix  n       -       y       -       0       cleanup' \
		>"$root/etc/postfix/master.cf"
	printf '%s\n' 'Syslog yes' 'UserID opendkim' >"$root/etc/opendkim.conf"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'postfix:x:101:101::/:/bin/false' \
		'opendkim:x:102:102::/:/bin/false' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'postfix:x:101:' 'opendkim:x:102:' >"$root/etc/group"
	ctl "$root" server set mta.hostname mx.example.net dkim.activate now &&
		ctl "$root" domain add example.com example.org &&
		ctl "$root" domain enable-dkim example.com &&
		ctl "$root" mta adopt --yes
}

# make_case NAME: a host in $work/NAME/base, on which the command of the case is still to be run.
make_case()
{
	local base=$work/$1/base

	mkdir -p "$base"
	case $1 in
	push)
		make_host "$base" && ctl "$base" --no-push domain enable-dkim example.org
		;;
	enable)
		make_host "$base"
		;;
	disable)
		make_host "$base" && ctl "$base" domain enable-dkim example.org
		;;
	remove)
		make_host "$base"
		;;
	esac
}

# The words of a case's command, and of the one after which everything must be in order.
case_words=()
next_words=()
choose_words()
{
	next_words=(mta push)
	case $1 in
	push) case_words=(mta push) ;;
	enable) case_words=(domain enable-dkim example.org) ;;
	disable) case_words=(domain disable-dkim example.org --now) ;;
	remove)
		case_words=(mta push --remove)
		next_words=(mta push --remove)
		;;
	esac
}

finding()
{
	echo "FOUND: $*"
	findings=$((findings + 1))
}

# judge WHAT CASE ROOT STATUS: what a killed or failed run left, and what the next one makes of it.
judge()
{
	local what=$1 name=$2 root=$3 status=$4 now left

	now=$(state_of "$root")
	# What only undo needed, and folders that it kept from going, may wait for the next run.
	if [ "$status" = 0 ] && ! grep -q 'the next run tidies up' "$work/run.out" &&
		[ "$now" != "$(cat "$work/$name/new")" ]; then
		finding "$what: ended 0, and the new state is not there"
	fi
	if ! { ctl "$root" "${next_words[@]}" && ctl "$root" zone export --all; } \
		>"$work/next.out" 2>&1; then
		finding "$what: the next run fails: $(tail -n 1 "$work/next.out")"
		return
	fi
	now=$(state_of "$root")
	if [ "$status" = 0 ] && [ "$now" != "$(cat "$work/$name/new")" ]; then
		finding "$what: ended 0, and the next run does not find the new state"
	elif [ "$now" != "$(cat "$work/$name/old")" ] &&
		[ "$now" != "$(cat "$work/$name/new")" ]; then
		finding "$what: neither the old state nor the new one"
		diff <(echo "$now") "$work/$name/new" | head -n 6
	fi
	left=$(find "$root" -name '*.mailauthctl-*')
	if [ -n "$left" ]; then
		finding "$what: left over: $left"
	fi
}

# calls CLASS: the option of strace for those calls, those that this machine does not have aside.
calls()
{
	echo "${1//,/,?}"
}

sweep_class()
{
	local name=$1 class=$2 action=$3 count n root status

	root=$work/$name/run
	rm -rf "$root" && cp -a "$work/$name/base" "$root"
	strace -f -qq -o "$work/trace" -e trace="$(calls "$class")" \
		"$program" --root "$root" "${case_words[@]}" >/dev/null 2>&1
	count=$(grep -c '(' "$work/trace")
	for ((n = 1; n <= count; n += step)); do
		rm -rf "$root" && cp -a "$work/$name/base" "$root"
		{
			strace -f -qq -o "$work/trace" -e trace="$(calls "$class")" \
				-e inject="$(calls "$class"):$action:when=$n" \
				"$program" --root "$root" "${case_words[@]}" >"$work/run.out" 2>&1
			status=$?
		} 2>/dev/null # the shell's own word about a killed child
		runs=$((runs + 1))
		judge "$name, ${class%%,*} no. $n, $action" "$name" "$root" "$status"
	done
}

sweep_case()
{
	local name=$1 class

	choose_words "$name"
	if ! make_case "$name" >"$work/make.out" 2>&1; then
		finding "$name: the host could not be made: $(tail -n 1 "$work/make.out")"
		return
	fi
	state_of "$work/$name/base" >"$work/$name/old"
	cp -a "$work/$name/base" "$work/$name/after"
	if ! ctl "$work/$name/after" "${case_words[@]}" >"$work/make.out" 2>&1; then
		finding "$name: fails without any injection: $(tail -n 1 "$work/make.out")"
		return
	fi
	state_of "$work/$name/after" >"$work/$name/new"
	if cmp -s "$work/$name/old" "$work/$name/new"; then
		finding "$name: changes nothing, so it proves nothing"
		return
	fi
	for class in "${classes[@]}"; do
		sweep_class "$name" "$class" signal=KILL
		sweep_class "$name" "$class" error=ENOSPC
		sweep_class "$name" "$class" error=EIO
	done
}

if ! command -v strace >/dev/null || ! strace -qq -o /dev/null true 2>/dev/null; then
	echo "skipped: strace cannot be used here" >&2
	exit 77
fi
for case_name in ${SWEEP_CASES:-push enable disable remove}; do
	sweep_case "$case_name"
done
echo "$runs runs, $findings findings"
[ "$findings" = 0 ]
