#!/usr/bin/env bash
# Runs parts of the tests and sums them up: the last line is "N passed, M failed, K skipped" and
# the exit status is 1 when something failed.  Every test program writes TAP; its whole output is
# kept in build/check/.
#
# Each compiler's programs are built once.  Parts that wait for servers more than they work run beside
# the others from when the program is built.
#
# usage: tests/run.sh [build|style|layers|unit|fuzz|cli|man|po|terminal|policyd|packaging|faults|e2e|setups|kill|slow|install]...
# environment: TESTDATA, CC, MAKE, JOBS (default: number of processors),
#              E2E (scripts of tests/e2e, default: all of make check),
#              SETUPS (folders of TESTDATA/setups for the part setups, default: all),
#              FUZZ_SECONDS (default: 3600, for all fuzz targets together; slow only)
set -u
cd "$(dirname "$0")/.." || exit 1

make=${MAKE:-make} jobs=${JOBS:-$(nproc)} cc=${CC:-cc}
[ -z "${TESTDATA:-}" ] || TESTDATA=$(realpath "$TESTDATA")
export TESTDATA=${TESTDATA:-} LC_ALL=C.UTF-8 TZ=UTC
unset MAKEFLAGS MAKELEVEL MFLAGS MAILAUTHCTL_DB
# With sudo: what is tested is what root does, not what a customer may.
unset SUDO_UID PKEXEC_UID DOAS_USER
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
out=build/check
rm -rf $out
mkdir -p $out

# What tests write and sync goes to memory where there is room for it.  What the throw-away hosts keep
# stays where it is, and so do the files of unit tests, which look at what a file system on disk can.
export E2E_STATE=${E2E_STATE:-$(realpath "${TMPDIR:-/var/tmp}")/mailauthctl-e2e-$(id -u)}
disk=${TMPDIR:-/tmp} memory=
has_room() { # folder
	[ "$(stat -f -c %T "$1" 2>/dev/null)" = tmpfs ] && [ -w "$1" ] &&
		[ "$(df --output=avail -k "$1" | tail -1)" -gt 1500000 ]
}
trap '[ -z "$memory" ] || rm -rf "$memory"' EXIT
if ! has_room "$disk" && has_room /dev/shm && memory=$(mktemp -d /dev/shm/check.XXXXXX); then
	chmod 1777 "$memory"
	# Some run what they wrote.
	printf '#!/bin/sh\n' >"$memory/try" && chmod 0755 "$memory/try"
	! "$memory/try" 2>/dev/null || export TMPDIR=$memory
fi

# Whoever ends this ends what it runs.  unshare(1) takes nothing but SIGKILL, and takes its namespaces
# along.
end_tree() { # process
	local child signal=TERM
	kill -STOP "$1" # it starts nothing more
	for child in $(pgrep -P "$1"); do end_tree "$child"; done
	[ "$(cat "/proc/$1/comm")" != unshare ] || signal=KILL
	kill -$signal "$1"
	kill -CONT "$1"
}
ended() {
	local child
	for child in $(pgrep -P $$); do end_tree "$child"; done 2>/dev/null
	exit 130
}
trap ended INT TERM HUP

# Runs one test program and counts its results; prints one line (with the seconds that it took, and
# those of processor time), and what failed.
producer() { # name, command...
	local name=$1 log=$out/${1//\//-}.log status=0 start=$SECONDS counts passed failed skipped
	local TIMEFORMAT='%U %S'
	shift
	{ time "$@" >"$log" 2>&1 </dev/null; } 2>"${log%.log}.time" || status=$?
	counts=$(awk -v status=$status -f tests/lib/count.awk "$log")
	echo "${counts##*$'\n'}" >"${log%.log}.count"
	{
		flock 9
		read -r passed failed skipped <"${log%.log}.count"
		printf '%-24s %3d passed, %d failed, %d skipped  (%d s, %.0f s)\n' "$name" \
			"$passed" "$failed" "$skipped" $((SECONDS - start)) \
			"$(awk '{ print $1 + $2 }' "${log%.log}.time")"
		if [ "$counts" != "${counts##*$'\n'}" ]; then
			printf '%s\n' "${counts%$'\n'*}" | sed 's/^/    /'
		fi
		if grep -q '^not ok - ' <<<"$counts"; then
			tail -20 "$log" | sed 's/^/    | /'
		fi
	} 9>$out/lock
}

# Side by side: `start` runs a command beside this one, `at_most` waits until no more than that many of
# them run.
declare -A running=()
start() { # command...
	"$@" &
	running[$!]=1
}
at_most() { # number
	local ended
	while [ ${#running[@]} -gt "$1" ]; do
		ended=
		wait -n -p ended "${!running[@]}"
		[ -n "$ended" ] || break
		unset "running[$ended]"
	done
}

build() { # name, words of make...
	local name=$1 log=$out/build-$1.txt
	shift
	if "$make" -j"$jobs" CC="$cc" WERROR=1 "$@" >"$log" 2>&1; then
		echo "ok - $name builds without warnings"
	else
		echo "not ok - $name builds without warnings"
		grep -E -A3 '(error|warning): |\*\*\*|undefined reference' "$log" | head -30
	fi
	echo 1..1
}

# What the tests of a mode run, built once; fails when it does not build.
declare -A built=()
need() { # mode
	local targets="all-here unit fuzz build/$1/tests/lib/dnsd"
	if [ -z "${built[$1]:-}" ]; then
		[ "$1" = asan ] || targets="all unit fuzz test-programs"
		# shellcheck disable=SC2086 # words
		producer build-$1 build $1 MODE=$1 $targets
		built[$1]=$(cut -d' ' -f2 $out/build-$1.count)
	fi
	[ "${built[$1]}" = 0 ]
}

# The other compiler says what it thinks of every file, and that is all.
part_build() {
	local other=clang
	[ "$cc" != clang ] || other=gcc
	need release
	need asan
	if command -v $other >/dev/null; then
		producer build-$other build $other SYNTAX_CC=$other syntax
	else
		producer build-$other printf '1..0 # SKIP no %s here\n' $other
	fi
}

unit_one() { # mode, program
	producer "unit-$1/$(basename "$2" | sed 's/^test_//')" \
		env TMPDIR="$disk" CMOCKA_MESSAGE_OUTPUT=TAP "$2"
}

part_unit() {
	local mode program
	need release && need asan || return
	for mode in release asan; do
		for program in $("$make" -s --no-print-directory MODE=$mode CC="$cc" list-unit); do
			start unit_one $mode "$program"
			at_most $((jobs - 1))
		done
	done
	at_most 0
}

# The seeds, and what was once found, through each fuzz target.
part_fuzz() {
	local mode program name
	need release && need asan || return
	for mode in release asan; do
		for program in $("$make" -s --no-print-directory MODE=$mode CC="$cc" list-fuzz); do
			name=${program##*/fuzz_}
			producer "fuzz-$mode/$name" "$program" "tests/fuzz/corpus/$name"
		done
	done
}

# Searches with libFuzzer.
part_fuzz_long() {
	local program programs seconds
	if ! command -v clang >/dev/null; then
		producer fuzz-long printf '1..0 # SKIP no clang here\n'
		return
	fi
	build fuzz-long MODE=fuzz CC=clang fuzz >/dev/null
	programs=$("$make" -s --no-print-directory MODE=fuzz CC=clang list-fuzz)
	seconds=$((${FUZZ_SECONDS:-3600} / $(wc -w <<<"$programs")))
	for program in $programs; do
		producer "fuzz-long/${program##*/fuzz_}" tests/fuzz/search.sh "$program" $seconds
	done
}

part_style() { producer style tests/style.sh; }
part_layers() { producer layers tests/layers.sh; }

part_cli() {
	need release && need asan || return
	producer cli-release tests/cli/run.sh build/release/mailauthctl
	producer cli-asan tests/cli/run.sh build/asan/mailauthctl
	producer dmarc/cases tests/dmarc/cases.py build/release/mailauthctl build/release/tests/lib/dnsd
	producer dmarc/from-peer tests/dmarc/from_peer.py build/release/tests/lib/from_ask 1 20000
	producer config-release/broken tests/config/run.sh build/release/mailauthctl
	producer config-release/round tests/config/round.py build/release/mailauthctl 1 32
	producer config-asan/broken tests/config/run.sh build/asan/mailauthctl 7
	producer config-asan/round tests/config/round.py build/asan/mailauthctl 1 3
}

part_man() {
	need release || return
	producer man tests/man/run.sh build/release
}

# Real shells, and what a person sees: each waits for its terminal more than it works.
part_terminal() {
	local shell
	need release || return
	for shell in bash fish zsh; do
		start producer terminal/$shell tests/terminal/shell.sh $shell build/release/mailauthctl
	done
	start producer terminal/output tests/terminal/output.sh build/release/mailauthctl
	at_most 0
}

part_po() {
	need release || return
	producer po tests/po.sh build/release
}

# Sweeps end 0 (nothing found), 1 (each finding is a line) or 77 (cannot be run here).
sweep() { # script
	local status=0 name=${1##*/} said
	said=$("$1" build/release/mailauthctl 2>&1) || status=$?
	echo 1..1
	case $status in
	0) echo "ok 1 - ${name%.sh}: $(tail -1 <<<"$said")" ;;
	77) echo "ok 1 - ${name%.sh} # SKIP $(tail -1 <<<"$said")" ;;
	*) printf 'not ok 1 - %s\n%s\n' "${name%.sh}" "$(tail -40 <<<"$said")" ;;
	esac
}

part_policyd() {
	local mode
	need release && need asan || return
	start producer remote tests/remote/push.py build/release/mailauthctl
	for mode in release asan; do
		producer policyd-$mode tests/policyd/run.sh build/$mode/mailauth-policyd \
			build/$mode/tests/lib/dnsd
		producer policyd-verify-$mode tests/policyd/verify.sh build/$mode/mailauth-policyd \
			build/$mode/tests/lib/dnsd
		producer qmail-queue-$mode tests/qmail/queue.py build/$mode/mailauth-qmail-queue \
			build/$mode/mailauth-policyd build/$mode/tests/lib/dnsd
	done
	at_most 0
}

part_packaging() {
	need release || return
	producer packaging tests/install/installed.sh
}

# In bare roots: needs root and the network.
part_install() {
	debian/setup.sh install
	# Roots are too large for memory.
	export TMPDIR=$disk
	producer install/deb tests/install/deb.sh
	producer install/package tests/install/run.sh package
	producer install/hour tests/install/run.sh hour
}

# Some points only, two sweeps at a time; make check-slow takes all of them.
part_faults() {
	local script
	need release || return
	export SWEEP_STEP=${SWEEP_STEP:-43}
	for script in tests/faults/*.sh; do
		[ -x "$script" ] || continue
		start producer "faults/$(basename "$script" .sh)" sweep "$script"
		at_most 1
	done
	at_most 0
}

# Every kill and failure.  What runs on real servers waits more than it works: beside the others.
part_kill() {
	local name sweeps
	need release || return
	export SWEEP_STEP=${SWEEP_STEP:-1} KILL_STEP=${KILL_STEP:-1} CONTENTION_SECONDS=60
	part_faults &
	sweeps=$!
	producer remote/kill env KILL_ALL=1 tests/remote/push.py build/release/mailauthctl
	for name in unverified unchecked strict unsigned plain; do
		start producer "e2e/kill/$name" env KILL_CASES=$name \
			tests/e2e/run.sh build/release/mailauthctl kill.sh
		at_most 1
	done
	at_most 0
	wait $sweeps
}

part_slow() {
	part_kill
	part_setups
	producer config-release/round tests/config/round.py build/release/mailauthctl 1001 2000
	part_spf_peers 31337 20000
	part_dkim_peers 31337 20000
	part_fuzz_long
}

# Mail servers as projects set them up: those that are named, or all.
part_setups() {
	local name names=$*
	need release || return
	[ -n "$names" ] || names=${SETUPS:-$(cd "${TESTDATA:-../shared/data}/setups" 2>/dev/null &&
		find . -mindepth 2 -maxdepth 2 -name master.cf -printf '%h\n' | cut -c3- | sort)}
	for name in ${names:-all}; do
		start producer "setups/$name" tests/setups/run.sh build/release/mailauthctl "$name"
		at_most 2
	done
	at_most 0
}

# Our SPF evaluator against other people's.
part_spf_peers() {
	producer spf-peers tests/spf-peers/run.sh build/release/tests/lib/spf_ask "$@"
}

# Our DKIM verifier against other people's.
part_dkim_peers() {
	producer dkim-peers tests/dkim-peers/run.sh build/release/tests/lib/dkim_ask "$@"
	# one process for each message
	producer dkim-peers/mailauth tests/dkim-peers/mailauth.sh build/release/mailauthctl "${1:-3}" $((${2:-2000} / 10))
}

# Three at a time, those that take longest first: they wait for servers more than they work.
part_e2e() {
	local script
	need release || return
	# A few of the points of kill.sh; make check-slow takes all.
	export KILL_STEP=${KILL_STEP:-31}
	for script in ${E2E:-filters upgrade zones doctor services spf customers restrictions import keys rotate dmarc kill examples srs broken signing settings rollback incoming listeners signers verdicts messages}; do
		start producer e2e/$script tests/e2e/run.sh build/release/mailauthctl $script.sh
		at_most 2
	done
	if [ -z "${E2E:-}" ]; then
		# The worst of what was seen; make check-slow and check-setups take all.
		part_setups emailwiz filter-elsewhere ispconfig-amavis modoboa-amavis
		part_spf_peers
		part_dkim_peers
	fi
	at_most 0
}

run_parts() { # parts
	local part beside=()
	for part; do
		case $part in
		build | style | layers | unit | fuzz | cli | man | po | terminal | policyd | packaging | setups | kill | slow | install) "part_$part" ;;
		e2e | faults)
			# The servers are fetched while the program is built.
			[ $part != e2e ] || tests/e2e/host --install >/dev/null 2>&1 &
			need release
			"part_$part" &
			beside+=($!)
			;;
		*)
			echo "tests/run.sh: no part \"$part\"" >&2
			return 2
			;;
		esac
	done
	wait "${beside[@]}"
}

[ $# -gt 0 ] || set -- e2e faults build style layers unit fuzz cli man po terminal policyd packaging
# Those that run beside the others begin.
ordered=()
for part; do
	case $part in
	e2e | faults) ordered=("$part" "${ordered[@]}") ;;
	*) ordered+=("$part") ;;
	esac
done
# Not in front: a signal would wait for what runs there.
run_parts "${ordered[@]}" &
wait $!
[ $? != 2 ] || exit 2

# Started with sudo in somebody's own checkout: what was built is theirs.
owner=$(stat -c %u:%g .)
[ "$(id -u)" != 0 ] || [ "$owner" = 0:0 ] || chown -R -h "$owner" build bin 2>/dev/null

cat $out/*.count | awk '{ p += $1; f += $2; s += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' |
	tee $out/total
exit "${PIPESTATUS[1]}"
