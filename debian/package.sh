#!/usr/bin/env bash
# Builds the package in a copy of this folder; only build/deb, which gets the result, is changed here.
# The same files give the same package, octet for octet.  Requires neither root nor git.
#
# usage: make deb    (sudo debian/setup.sh deb installs what it requires)
set -eu
cd "$(dirname "$0")/.."

version=$(dpkg-parsechangelog -S Version) || {
	echo "dpkg-dev is missing; as root: debian/setup.sh deb" >&2
	exit 1
}
out=build/deb copy=build/deb/mailauthctl-$version log=build/deb/build.log

rm -rf $out
mkdir -p "$copy"
tests/lib/files | tar --null -T - -c | tar -x -C "$copy"
echo "building the package in $out"
status=0
(
	cd "$copy"
	# Flags of an outer make, or of the user, must not affect the package.
	unset MAKEFLAGS MAKELEVEL MFLAGS MODE CC WERROR DESTDIR PREFIX BUILD CFLAGS CPPFLAGS LDFLAGS
	jobs=$(nproc)
	export LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS="noautodbgsym parallel=$jobs"
	exec dpkg-buildpackage --build=binary --no-sign
) >$log 2>&1 </dev/null || status=$?
if [ $status = 0 ]; then
	rm -rf "$copy"
else
	grep -E '(error|warning): |\*\*\*|not found|Unmet' $log || tail -20 $log
	echo "the package could not be built: see $log" >&2
fi

# If started with sudo in a checkout of another account, the results belong to that account.
owner=$(stat -c %u:%g .)
[ "$(id -u)" != 0 ] || [ "$owner" = 0:0 ] || chown -R -h "$owner" build 2>/dev/null || true
[ $status = 0 ] || exit 1
ls $out/*.deb
