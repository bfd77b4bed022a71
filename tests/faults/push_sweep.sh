#!/bin/bash
# Kills a push at every system call that changes something, and makes each such call fail, below
# --root; the next run must find the old state or the new one, and nothing left over.  What the
# servers are told is service_sweep.sh's, which needs root; this one does not.
#
#   tests/faults/push_sweep.sh [PROGRAM]        (default: build/release/mailauthctl)
#
# Needs strace and bash.  Ends 0: nothing found, 1: findings (each is one line), 77: skipped.  See
# lib.sh for what steers it.
set -u

here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/faults/lib.sh
. "$here/lib.sh"

if [ "${1:-}" != --worker ]; then
	need_strace
	start_workers push_sweep bash "$here/push_sweep.sh" --worker \
		"$(realpath "${1:-build/release/mailauthctl}")"
	exit
fi

program=$2 work=$4
root=$work/root

ctl() { "${tracer[@]}" "$program" --root "$root" "$@"; }

reset_root() { rm -rf "$root" && cp -a "$work/$1/base" "$root"; }

# What a mail server has to do with: not our databases, which have their own journal, nor old files
# that wait for the next run to remove them.  A private key that the case makes is another one in
# each run.
state_of() {
	(
		cd "$root" || exit 1
		find . -path ./var/lib/mailauthctl -prune -o ! -name '*.mailauthctl-old' \
			-printf '%p %m %U:%G\n'
		find . -path ./var/lib/mailauthctl -prune -o -type f ! -name '*.private' \
			! -name '*.mailauthctl-old' -exec sha256sum {} +
	) | sort
}

# A host with Postfix's own files, a store with two domains, one of which signs, adopted.
make_host() {
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
	ctl server set mta.hostname mx.example.net dkim.activate now dkim.algorithm ed25519 &&
		ctl domain add example.com example.org &&
		ctl domain enable-dkim example.com &&
		ctl mta adopt --yes
}

choose_words() {
	next_words=(mta push)
	case $1 in
	push) case_words=(mta push) ;;
	enable) case_words=(domain enable-dkim example.org) ;;
	disable) case_words=(domain disable-dkim example.org --now) ;;
	remove)
		case_words=(mta push --remove --yes)
		next_words=(mta push --remove --yes)
		;;
	esac
}

make_case() {
	rm -rf "$root"
	make_host || return
	case $1 in
	push) ctl --no-push domain enable-dkim example.org ;;
	disable) ctl domain enable-dkim example.org ;;
	esac || return
	mkdir -p "$work/$1"
	cp -a "$root" "$work/$1/base"
	state_of >"$work/$1/old"
	ctl "${case_words[@]}" || return
	state_of >"$work/$1/new"
	if cmp "$work/$1/old" "$work/$1/new"; then
		echo "it changes nothing, so it proves nothing"
		return 1
	fi
}

# What a killed or failed run left, and what the next one makes of it.
judge() { # what, case, status
	local what=$1 now left

	now=$(state_of)
	# What only undo needed, and folders that it kept from going, may wait for the next run.
	if [ "$3" = 0 ] && ! grep -q 'the next run cleans up' "$work/run.out" &&
		[ "$now" != "$(cat "$work/$2/new")" ]; then
		finding "$what: ended 0, and the new state is not there"
	fi
	if ! { ctl "${next_words[@]}" && ctl zone export --all; } >"$work/next.out" 2>&1; then
		finding "$what: the next run fails: $(tail -n 1 "$work/next.out")"
		return
	fi
	now=$(state_of)
	if [ "$3" = 0 ] && [ "$now" != "$(cat "$work/$2/new")" ]; then
		finding "$what: ended 0, and the next run does not find the new state"
	elif [ "$now" != "$(cat "$work/$2/old")" ] && [ "$now" != "$(cat "$work/$2/new")" ]; then
		finding "$what: neither the old state nor the new one"
		diff <(echo "$now") "$work/$2/new" | head -n 6
	fi
	left=$(find "$root" -name '*.mailauthctl-*')
	[ -z "$left" ] || finding "$what: left over: $left"
}

# shellcheck disable=SC2086 # words
work_on "$3" ${SWEEP_CASES:-push enable disable remove}
