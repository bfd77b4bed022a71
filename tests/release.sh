#!/usr/bin/env bash
# Runs `make check`, or parts of it, in a root of another Debian release: debootstrap's, with what
# debian/setup.sh installs, in namespaces of its own (tests/install/root, enter).  The results are in
# build/check-SUITE/, the last line is "N passed, M failed, K skipped".
#
# usage: tests/release.sh SUITE       as root
# environment: PARTS (default: all of make check), E2E (scripts of the part e2e; default: all),
#              TESTDATA, JOBS
# exit status: 1 when something failed.  A mirror that cannot be reached is no failure: that counts
# as skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
suite=$1 out=build/check-$1
case $suite in
*[!a-z]* | '')
	echo "usage: tests/release.sh SUITE    (a release of Debian, as \"trixie\")" >&2
	exit 2
	;;
esac
rm -rf "$out"
mkdir -p "$out"

skipped() { # why
	echo "$suite: skipped: $1"
	echo "0 passed, 0 failed, 1 skipped" | tee "$out/total"
	exit 0
}
# 0 on success; what cannot be had here is skipped, what is wrong fails.
prepare() { # command...
	local status=0
	"$@" >"$out/log" 2>&1 </dev/null || status=$?
	case $status in
	0) return ;;
	75 | 77) skipped "$(tail -1 "$out/log")" ;;
	esac
	tail -20 "$out/log"
	echo "$suite: could not be made ready: $*"
	echo "0 passed, 1 failed, 0 skipped" | tee "$out/total"
	exit 1
}

[ "$(id -u)" = 0 ] || skipped "needs root for debootstrap and namespaces"
prepare debian/setup.sh release

# A folder of the file system, not an overlay: the throw-away hosts of tests/e2e lay theirs over it.
state=$(realpath "${TMPDIR:-/var/tmp}")/mailauthctl-install-$(id -u)
root=$(mktemp -d "${TMPDIR:-/var/tmp}/mailauthctl-root.XXXXXX") || exit
trap 'rm -rf --one-file-system "$root"' EXIT
echo "$suite: making its root"
prepare tests/install/root "$suite" "$root" debian/setup.sh test
prepare tests/install/checkout "$root/src/mailauthctl"
data=${TESTDATA:-../shared/data}
[ ! -d "$data" ] || { mkdir -p "$root/src/shared" && cp -rL "$data" "$root/src/shared/data"; }
# What the throw-away hosts keep outlives the root.
[ -d "$state/e2e-$suite" ] || mkdir -m 0700 "$state/e2e-$suite"
enter() {
	tests/install/enter --bind "$state/e2e-$suite:/var/tmp/mailauthctl-e2e-0" "$root" "$@"
}
case " ${PARTS:-e2e} " in
*" e2e "*) prepare enter /src/mailauthctl/tests/e2e/host --install ;;
esac

status=0
enter make -s --no-print-directory -C /src/mailauthctl check PARTS="${PARTS:-}" E2E="${E2E:-}" || status=$?
cp -r "$root/src/mailauthctl/build/check/." "$out"
[ -e "$out/total" ] || { echo "0 passed, 1 failed, 0 skipped" | tee "$out/total"; }
exit $status
