#!/usr/bin/env bash
# The main job on the directory backend, below ./quickstart: nothing outside that folder is read or
# written, no server is looked for.  May be run again: it starts afresh.
#
# usage: sudo make quickstart    (root: installs the libraries that the build needs)
#        make quickstart         (they are there already)
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" != --built ]; then
	debian/setup.sh build
	# With sudo in somebody's own checkout: what is made is theirs.
	owner=$(stat -c %u .)
	if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ]; then
		chown -R -h "$(stat -c %u:%g .)" build bin quickstart 2>/dev/null || true
		exec setpriv --reuid "$owner" --regid "$(stat -c %g .)" --clear-groups "$0" --built
	fi
fi
unset MAKEFLAGS MAKELEVEL MFLAGS MAILAUTHCTL_DB SUDO_UID PKEXEC_UID DOAS_USER
echo "building bin/mailauthctl"
log=$(mktemp) && trap 'rm -f "$log"' EXIT
"${MAKE:-make}" -j"$(nproc)" >"$log" 2>&1 || {
	tail -20 "$log"
	exit 1
}

rm -rf quickstart
mkdir quickstart
run() {
	printf '\n$ bin/mailauthctl --root ./quickstart'
	local word
	for word; do
		case $word in
		*[!A-Za-z0-9@%+=:,./_-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	bin/mailauthctl --root ./quickstart "$@"
}

run server set mta.backend directory mta.hostname mx.example.com
run server set spf.mode reject-fail
run domain add example.com
run domain enable-dkim example.com
run zone export --all
run server list
run record list example.com
printf '\n$ find quickstart -type f\n'
find quickstart -type f | LC_ALL=C sort
printf '\nThe same on a mail host: see README.md.  This one is undone by: rm -r quickstart\n'
