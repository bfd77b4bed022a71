#!/bin/bash
# Kills mailauthctl at every system call that changes something, and makes each such call fail, on
# a mail host of its own: a root in which it is not told of any --root, with servers that record
# what they are told and run with what they have read (tests/lib/fake_mta.c).  After each: mail
# flows, now and after a restart of the machine; nothing signs before its record is public; the
# next run finds the old state or the new one, and every server runs with what its files say.
#
#   tests/faults/service_sweep.sh [PROGRAM]        (default: build/release/mailauthctl)
#
# Needs root, for namespaces, and strace.  Ends 0: nothing found, 1: findings (each is one line),
# 77: skipped.  See lib.sh for what steers it.
set -u
here=$(dirname "$(realpath "$0")")

# shellcheck source=tests/faults/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/faults/host.sh
. "$here/host.sh"

if [ "${1:-}" != --worker ]; then
	need_strace
	need_namespaces
	start_workers service_sweep "${in_namespaces[@]}" bash "$here/service_sweep.sh" --worker \
		"$(realpath "${1:-build/release/mailauthctl}")"
	exit
fi

program=$2 work=$4
root=$work/root

programs_of() { cat "$root/fake/log"; }

reset_root() {
	in_root fake_mta halt
	rm -rf "${root:?}"/{etc,fake,run,tmp,var}
	cp -a "$work/$1/base/." "$root/"
	in_root fake_mta boot
}

# ---- cases -----------------------------------------------------------------------------------------

# What stands in the root is what runs of that name begin with.
keep() { # name
	in_root fake_mta halt
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1/base/fake/running"
	cp -a "$root"/{etc,run,tmp,var} "$work/$1/base/"
	reset_root "$1"
}

# What many cases have in common: a host whose servers are adopted, or not yet.
make_start() { # "adopted" or "installed"
	make_files "$work/$1/base"
	reset_root "$1"
	ctl server set mta.hostname mx.example.net dkim.algorithm ed25519 &&
		ctl domain add example.com example.org &&
		{ [ "$1" = installed ] || ctl mta adopt --yes; } &&
		ctl domain enable-dkim example.com &&
		keep "$1" && : >"$work/$1/made"
}

# What the case finds, by commands on the host in $root.
prepare() {
	local start=adopted
	[[ $1 != adopt* ]] || start=installed
	[ -e "$work/$start/made" ] || make_start $start || return
	reset_root $start
	case $1 in
	push) ctl --no-push domain enable-dkim example.org && ctl zone export --all &&
		ctl --no-push server set spf.check off ;;
	disable* | rollback*) ctl domain enable-dkim example.org ;;
	spf-on) ctl server set spf.check off ;;
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
	filter-off*) case_words=(domain disable-dkim example.com --now) ;;
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
	prepare "$1" || return
	keep "$1"
	tree >"$work/$1/old"
	ctl "${case_words[@]}" || return
	[ $after = old ] || check_settled "$1, unharmed" || return
	tree >"$work/$1/new"
	if cmp "$work/$1/old" "$work/$1/new"; then
		echo "it changes nothing, so it proves nothing"
		return 1
	fi
	if failing_call "$1" >"$work/$1/base/fake/fail"; then
		reset_root "$1"
		! ctl "${case_words[@]}" || { echo "the call that is to fail never came"; return 1; }
	else
		rm "$work/$1/base/fake/fail"
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
	left=$(find "$root"/{etc,run,tmp,var} -name '*.mailauthctl-*' -o -path '*/run/mailauthctl-*' -o -path '*/tmp/mailauthctl-*')
	[ -z "$left" ] || finding "$1: left over: ${left//$'\n'/ }"
	[ "$findings" = "$before" ]
}

# Two faults: a filter that could not be told while undoing, of which the run warns, listens where it
# did, so the folder of its socket stays.
only_folder_stays() { # case
	grep -q 'while undoing: cannot start .*systemctl' "$work/run.out" &&
		grep -v '^\./var/spool/postfix/opendkim ' "$work/now" | cmp -s - "$work/$1/old"
}

# What a killed or failed run left.
judge_left() { # what, case, status
	look "$1"
	tree >"$work/now"
	case $3 in
	0)
		is_state "$2" new || grep -q 'the next run cleans up' "$work/run.out" ||
			finding "$1: ended 0, and the new state is not there"
		;;
	1)
		if ! is_state "$2" old && ! is_state "$2" new && ! only_folder_stays "$2" &&
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

enter_host
check_fake
# shellcheck disable=SC2086 # words
work_on "$3" ${SWEEP_CASES:-push adopt enable disable verify-off filter-off spf-off spf-on remove rollback \
	enable-1-filter disable-1-filter adopt-1-restart adopt-1-reload adopt-2-reload remove-1-reload \
	remove-2-reload rollback-1-filter}
in_root fake_mta halt
