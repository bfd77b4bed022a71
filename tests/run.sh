#!/usr/bin/env bash
# Runs parts of the tests and sums them up: the last line is "N passed, M failed, K skipped" and
# the exit status is 1 when something failed.  Every test program writes TAP; its whole output is
# kept in build/check/.
#
# usage: tests/run.sh [build|style|layers|unit|fuzz|cli|man|po|terminal|policyd|packaging|sweep|e2e|slow|install]...
# environment: TESTDATA, CC, MAKE, JOBS (default: number of processors),
#              E2E (scripts of tests/e2e, default: all of make check),
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

# Runs one test program and counts its results; prints one line, and what failed.
producer() { # name, command...
	local name=$1 log=$out/${1//\//-}.log status=0 start=$SECONDS counts passed failed skipped
	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	counts=$(awk -v status=$status -f tests/lib/count.awk "$log")
	echo "${counts##*$'\n'}" >"${log%.log}.count"
	{
		flock 9
		read -r passed failed skipped <"${log%.log}.count"
		printf '%-24s %3d passed, %d failed, %d skipped  (%d s)\n' "$name" \
			"$passed" "$failed" "$skipped" $((SECONDS - start))
		if [ "$counts" != "${counts##*$'\n'}" ]; then
			printf '%s\n' "${counts%$'\n'*}" | sed 's/^/    /'
		fi
		if grep -q '^not ok - ' <<<"$counts"; then
			tail -20 "$log" | sed 's/^/    | /'
		fi
	} 9>$out/lock
}

build() { # name, variables of make...
	local name=$1 log=$out/build-$1.txt
	shift
	if "$make" -j"$jobs" "$@" >"$log" 2>&1; then
		echo "ok - $name builds without warnings"
	else
		echo "not ok - $name builds without warnings"
		grep -E -A3 '(error|warning): |\*\*\*|undefined reference' "$log" | head -30
	fi
	echo 1..1
}

part_build() {
	producer build-release build release CC="$cc" WERROR=1 all unit
	producer build-asan build asan CC="$cc" MODE=asan WERROR=1 all-here unit
	local other=clang
	[ "$cc" != clang ] || other=gcc
	if command -v $other >/dev/null; then
		producer build-$other build $other CC=$other MODE=debug BUILD=build/$other WERROR=1 all-here
	else
		producer build-$other printf '1..0 # SKIP no %s here\n' $other
	fi
}

unit_one() { # mode, program
	producer "unit-$1/$(basename "$2" | sed 's/^test_//')" env CMOCKA_MESSAGE_OUTPUT=TAP "$2"
}

part_unit() {
	local mode program
	build unit-release CC="$cc" WERROR=1 all unit >/dev/null
	build unit-asan CC="$cc" MODE=asan WERROR=1 unit >/dev/null
	for mode in release asan; do
		for program in $("$make" -s --no-print-directory MODE=$mode CC="$cc" list-unit); do
			while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do wait -n; done
			unit_one $mode "$program" &
		done
	done
	wait
}

# The seeds, and what was once found, through each fuzz target.
part_fuzz() {
	local mode program name
	build fuzz-release CC="$cc" WERROR=1 fuzz >/dev/null
	build fuzz-asan CC="$cc" MODE=asan WERROR=1 fuzz >/dev/null
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
	build fuzz-long MODE=fuzz CC=clang WERROR=1 fuzz >/dev/null
	programs=$("$make" -s --no-print-directory MODE=fuzz CC=clang list-fuzz)
	seconds=$((${FUZZ_SECONDS:-3600} / $(wc -w <<<"$programs")))
	for program in $programs; do
		producer "fuzz-long/${program##*/fuzz_}" tests/fuzz/search.sh "$program" $seconds
	done
}

part_style() { producer style tests/style.sh; }
part_layers() { producer layers tests/layers.sh; }

part_cli() {
	build cli-release CC="$cc" WERROR=1 all >/dev/null
	build cli-asan CC="$cc" MODE=asan WERROR=1 all-here >/dev/null
	producer cli-release tests/cli/run.sh build/release/mailauthctl
	producer cli-asan tests/cli/run.sh build/asan/mailauthctl
	producer config-release/broken tests/config/run.sh build/release/mailauthctl
	producer config-release/round tests/config/round.py build/release/mailauthctl 1 32
	producer config-asan/broken tests/config/run.sh build/asan/mailauthctl 7
	producer config-asan/round tests/config/round.py build/asan/mailauthctl 1 3
}

part_man() {
	build man CC="$cc" WERROR=1 all >/dev/null
	producer man tests/man/run.sh build/release
}

# Real shells, and what a person sees: each waits for its terminal more than it works.
part_terminal() {
	local shell
	build terminal CC="$cc" WERROR=1 all >/dev/null
	for shell in bash fish zsh; do
		producer terminal/$shell tests/terminal/shell.sh $shell build/release/mailauthctl &
	done
	producer terminal/output tests/terminal/output.sh build/release/mailauthctl &
	wait
}

part_po() {
	build po CC="$cc" WERROR=1 all build/release/tests/lib/mailauthctl_here \
		build/release/po/mailauthctl.pot >/dev/null
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
	for mode in release asan; do
		build policyd-$mode CC="$cc" MODE=$mode WERROR=1 all-here \
			build/$mode/tests/lib/dnsd >/dev/null
		producer policyd-$mode tests/policyd/run.sh build/$mode/mailauth-policyd \
			build/$mode/tests/lib/dnsd
	done
}

part_packaging() {
	build packaging CC="$cc" WERROR=1 all >/dev/null
	producer packaging tests/install/installed.sh
}

# In bare roots: needs root and the network.
part_install() {
	tests/setup.sh install
	producer install/deb tests/install/deb.sh
	producer install/package tests/install/run.sh package
	producer install/hour tests/install/run.sh hour
}

part_sweep() {
	local script
	build sweep CC="$cc" WERROR=1 all unit build/release/tests/lib/fake_mta >/dev/null
	# Some calls only, two sweeps at a time; make check-slow looks at all of them.
	export SWEEP_STEP=${SWEEP_STEP:-211}
	for script in tests/sweep/*.sh; do
		[ -x "$script" ] || continue
		while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n; done
		producer "sweep/$(basename "$script" .sh)" sweep "$script" &
	done
	wait
}

part_slow() {
	export SWEEP_STEP=1 KILL_STEP=1 CONTENTION_SECONDS=60
	part_sweep
	build e2e CC="$cc" WERROR=1 all >/dev/null
	producer e2e/kill tests/e2e/run.sh build/release/mailauthctl kill.sh
	producer config-release/round tests/config/round.py build/release/mailauthctl 1001 2000
	part_differential 31337 20000
	part_fuzz_long
}

# Our SPF evaluator against other people's.
part_differential() {
	build differential CC="$cc" WERROR=1 build/release/tests/lib/spf_ask >/dev/null
	producer differential tests/differential/run.sh build/release/tests/lib/spf_ask "$@"
}

# Four at a time: they wait for servers more than they work.
part_e2e() {
	local script
	build e2e CC="$cc" WERROR=1 all >/dev/null
	# A few of the points of kill.sh; make check-slow takes all.
	export KILL_STEP=${KILL_STEP:-31}
	for script in ${E2E:-restrictions doctor dmarc spf srs broken services import customers signing settings rollback kill examples incoming}; do
		while [ "$(jobs -pr | wc -l)" -ge 4 ]; do wait -n; done
		producer e2e/$script tests/e2e/run.sh build/release/mailauthctl $script.sh &
	done
	wait
	[ -n "${E2E:-}" ] || part_differential
}

[ $# -gt 0 ] || set -- build style layers unit fuzz cli man po terminal policyd packaging sweep e2e
background=
for part; do
	case $part in
	build | style | layers | unit | fuzz | cli | man | po | terminal | policyd | packaging | sweep | slow | install) "part_$part" ;;
	# Mostly waiting for servers: beside the others, once the program is built.
	e2e)
		part_e2e &
		background=$!
		;;
	*)
		echo "tests/run.sh: no part \"$part\"" >&2
		exit 2
		;;
	esac
done
[ -z "$background" ] || wait "$background"

# Started with sudo in somebody's own checkout: what was built is theirs.
owner=$(stat -c %u:%g .)
[ "$(id -u)" != 0 ] || [ "$owner" = 0:0 ] || chown -R -h "$owner" build bin 2>/dev/null

cat $out/*.count | awk '{ p += $1; f += $2; s += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' |
	tee $out/total
exit "${PIPESTATUS[1]}"
