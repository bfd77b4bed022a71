#!/bin/bash
# Kills mailauthctl at every system call that changes something, and makes each such call fail, on
# a mail host of its own: a root in which it is not told of any --root, with servers that record
# what they are told and run with what they have read (tests/lib/fake_mta.c).  After each: mail
# flows, now and after a restart of the machine; nothing signs before its record is public; the
# next run finds the old state or the new one, and every server runs with what its files say.
#
#   tests/sweep/service_sweep.sh [PROGRAM]        (default: build/release/mailauthctl)
#
# Needs root, for namespaces, and strace.  Ends 0: nothing found, 1: findings (each is one line),
# 77: skipped.  See lib.sh for what steers it.
set -u
here=$(dirname "$(realpath "$0")")

if [ "${1:-}" != --inside ]; then
	program=$(realpath "${1:-build/release/mailauthctl}")
	if [ "$(id -u)" != 0 ] || ! unshare --mount --net --pid --fork true 2>/dev/null; then
		echo "skipped: no right to make namespaces" >&2
		exit 77
	fi
	work=$(mktemp -d "${TMPDIR:-/var/tmp}/service_sweep.XXXXXX") || exit 1
	status=0
	unshare --mount --net --pid --fork --kill-child bash "$here/service_sweep.sh" --inside \
		"$program" "$work" || status=$?
	rmdir "$work"
	exit $status
fi

program=$2 work=$3
# shellcheck source=tests/sweep/lib.sh
. "$here/lib.sh"
need_strace
fake=$(dirname "$program")/tests/lib/fake_mta
mount --make-rprivate /
mount -t tmpfs -o mode=0700 tmpfs "$work"
root=$work/root

# What is the same in all runs: programs and their libraries.
make_root() {
	local file
	mkdir -p "$root"/{dev,usr/local/sbin,usr/local/libexec/mailauthctl}
	mknod -m 0666 "$root/dev/null" c 1 3
	for file in mailauthctl fake_mta postfix postconf opendkim systemctl; do
		cp "$fake" "$root/usr/local/sbin/$file"
	done
	cp "$program" "$root/usr/local/sbin/mailauthctl"
	: >"$root/usr/local/libexec/mailauthctl/mailauth-policyd"
	chmod 0755 "$root/usr/local/libexec/mailauthctl/mailauth-policyd"
	ldd "$program" "$fake" "$(dirname "$program")/libraries" | grep -oE '/[^ :)]+' | grep -v "^$(dirname "$program")/" | sort -u |
		while read -r file; do
			install -D "$file" "$root$file"
		done
	in_root fake_mta loopback
}

in_root() { chroot "$root" "/usr/local/sbin/$1" "${@:2}"; }
ctl() { "${tracer[@]}" chroot "$root" /usr/local/sbin/mailauthctl "$@"; }
tree() { in_root fake_mta tree /; }

reset_root() {
	in_root fake_mta halt
	rm -rf "${root:?}"/{etc,fake,run,tmp,var}
	cp -a "$work/$1/base/." "$root/"
	in_root fake_mta boot
}

# ---- cases -----------------------------------------------------------------------------------------

# A host as Debian leaves it.
make_files() {
	local base=$1 folder
	mkdir -p "$base"/{etc/postfix,etc/dkimkeys,fake/running,run/opendkim,run/systemd/system,tmp} \
		"$base"/var/{lib,spool/postfix/pid,spool/postfix/private}
	chmod 1777 "$base/tmp"
	printf '%s\n' 'myhostname = mx.example.net' 'mydestination = localhost' \
		'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination' \
		>"$base/etc/postfix/main.cf"
	printf '%s\n' 'smtp      inet  n       -       y       -       -       smtpd' \
		'cleanup   unix  n       -       y       -       0       cleanup' \
		>"$base/etc/postfix/master.cf"
	printf '%s\n' 'Syslog yes' 'UserID opendkim' 'UMask 007' \
		'Socket local:/run/opendkim/opendkim.sock' >"$base/etc/opendkim.conf"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'postfix:x:101:101::/:/bin/false' \
		'opendkim:x:102:102::/:/bin/false' 'nobody:x:65534:65534::/:/bin/false' \
		>"$base/etc/passwd"
	printf '%s\n' 'root:x:0:' 'postfix:x:101:' 'opendkim:x:102:' 'nogroup:x:65534:' >"$base/etc/group"
	for folder in etc/dkimkeys run/opendkim; do
		chown 102:102 "$base/$folder"
	done
}

# What the case finds, by commands on the host in $root.
prepare() {
	ctl server set mta.hostname mx.example.net dkim.algorithm ed25519 || return
	ctl domain add example.com example.org || return
	case $1 in
	adopt*) ctl domain enable-dkim example.com ;;
	*) ctl mta adopt --yes && ctl domain enable-dkim example.com ;;
	esac || return
	case $1 in
	push) ctl --no-push domain enable-dkim example.org && ctl zone export --all &&
		ctl --no-push server set spf.check off ;;
	disable | rollback*) ctl domain enable-dkim example.org ;;
	spf-on) ctl server set spf.check off ;;
	filter-off) ctl domain disable-dkim example.com --now && ctl server set dkim.sign off ;;
	esac
}

# shellcheck disable=SC2034 # case_words is lib.sh's
choose_words() {
	next_words=(mta push) after=new
	case $1 in
	# Pushes are held after it: what ends that is the next run, and brings the old state.
	rollback*)
		case_words=(mta rollback --yes)
		after=old
		;;
	push*) case_words=(mta push) ;;
	adopt*)
		case_words=(mta adopt --yes)
		next_words=(mta adopt --yes)
		;;
	enable*) case_words=(domain enable-dkim example.org) ;;
	disable*) case_words=(domain disable-dkim example.org --now) ;;
	verify-off*) case_words=(server set dkim.verify off) ;;
	filter-off*) case_words=(server set dkim.verify off) ;;
	spf-on*) case_words=(server set spf.check on) ;;
	spf-off*) case_words=(server set spf.check off) ;;
	remove*)
		case_words=(mta push --remove --yes)
		next_words=(mta push --remove --yes)
		;;
	esac
}

# The call that fails: "remove-2-reload" is the second "postfix -c /etc/postfix reload".
failing_call() {
	local words
	case $1 in
	*-reload) words="postfix -c /etc/postfix reload" ;;
	*-filter) words="systemctl reload -- opendkim" ;;
	*-restart) words="systemctl restart -- opendkim" ;;
	*) return 1 ;;
	esac
	echo "$(grep -oE '[0-9]+' <<<"$1") $words"
}

make_case() {
	local base=$work/$1/base
	in_root fake_mta halt
	make_files "$base"
	reset_root "$1"
	prepare "$1" || return
	in_root fake_mta halt
	rm -rf "$base"
	mkdir -p "$base"
	cp -a "$root"/{etc,fake,run,tmp,var} "$base/"
	rm -rf "$base/fake"
	mkdir -p "$base/fake/running"
	reset_root "$1"
	tree >"$work/$1/old"
	ctl "${case_words[@]}" || return
	[ $after = old ] || check_settled "$1, unharmed" || return
	tree >"$work/$1/new"
	if cmp "$work/$1/old" "$work/$1/new"; then
		echo "it changes nothing, so it proves nothing"
		return 1
	fi
	if failing_call "$1" >"$base/fake/fail"; then
		reset_root "$1"
		! ctl "${case_words[@]}" || { echo "the call that is to fail never came"; return 1; }
	else
		rm "$base/fake/fail"
	fi
}

# ---- verdicts --------------------------------------------------------------------------------------

look() { # what, words...
	local what=$1 line
	shift
	while IFS= read -r line; do
		finding "$what: $line"
	done < <(in_root fake_mta look "$@")
}

is_state() { cmp -s "$work/now" "$work/$1/$2"; }

check_settled() {
	local left before=$findings
	look "$1" settled
	if ! ctl mta plan >"$work/plan.out" 2>&1 && ! grep -q 'no mail server follows' "$work/plan.out"; then
		finding "$1: mta plan has something to do: $(tail -n 1 "$work/plan.out")"
	fi
	left=$(find "$root"/{etc,var} -name '*.mailauthctl-*'
		find "$root"/{run,tmp} -name 'mailauthctl-*')
	[ -z "$left" ] || finding "$1: left over: ${left//$'\n'/ }"
	[ "$findings" = "$before" ]
}

# What a killed or failed run left.
judge_left() { # what, case, status
	look "$1"
	tree >"$work/now"
	case $3 in
	0)
		is_state "$2" new || grep -q 'the next run tidies up' "$work/run.out" ||
			finding "$1: ended 0, and the new state is not there"
		;;
	1)
		if ! is_state "$2" old && ! is_state "$2" new &&
			! grep -q 'the next run tries again' "$work/run.out"; then
			finding "$1: ended 1, and the files are neither old nor new: $(tail -n 1 "$work/run.out")"
			diff "$work/now" "$work/$2/old" | head -n 6
		fi
		;;
	esac
}

judge() { # what, case, status
	local words=("${next_words[@]}") is_retry=
	judge_left "$@"
	rm -f "$root/fake/fail"
	# The same command again must end where it would have without harm.
	if [ $((runs % 2)) = 0 ] && [ $after = new ]; then
		words=("${case_words[@]}") is_retry=1
	fi
	if ! ctl "${words[@]}" >"$work/next.out" 2>&1; then
		finding "$1: the next run (${words[*]}) fails: $(tail -n 1 "$work/next.out")"
		return
	fi
	[ -n "$is_retry" ] || ctl zone export --all >"$work/next.out" 2>&1 ||
		finding "$1: zone export fails: $(tail -n 1 "$work/next.out")"
	tree >"$work/now"
	if ! is_state "$2" $after && { [ -n "$is_retry" ] || [ "$3" = 0 ] || ! is_state "$2" old; }; then
		finding "$1: after ${words[*]}: not the state that is wanted"
		diff "$work/now" "$work/$2/$after" | head -n 6
	fi
	check_settled "$1, then ${words[*]}"
}

make_root
# For one point: SWEEP_ONLY="fsync error=ENOSPC 36", with one case.
if [ -n "${SWEEP_ONLY:-}" ]; then
	read -r call action n <<<"$SWEEP_ONLY"
	choose_words "$SWEEP_CASES" && make_case "$SWEEP_CASES" >/dev/null 2>&1
	strike "$SWEEP_CASES" "$call" "$action" "$n" ""
	cat "$work/run.out"
	in_root fake_mta halt
	exit
fi
for case_name in ${SWEEP_CASES:-push adopt enable disable verify-off filter-off spf-off spf-on remove rollback \
	enable-1-filter verify-off-1-filter adopt-1-restart adopt-1-reload adopt-2-reload remove-1-reload \
	remove-2-reload rollback-1-filter}; do
	sweep_case "$case_name"
done
in_root fake_mta halt
if [ "${SWEEP_KEEP:-0}" = 1 ] && [ "$findings" -gt 0 ]; then
	tar -C "$work" -cf "$work.tar" . && echo "kept: $work.tar" >&2
fi
sweep_end
