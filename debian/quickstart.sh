#!/usr/bin/env bash
# The main job with the directory backend, below ./quickstart: nothing outside that folder is read or
# written, and no server is searched for.  Another run starts from the beginning.
#
# usage: sudo make quickstart    (as root, also installs the libraries that the build requires)
#        make quickstart         (if they are installed)
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" != --built ]; then
	debian/setup.sh build
	# If started with sudo in a checkout of another account, the results belong to that account.
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
printf '\nFor a mail host, see README.md.  To undo the quick start: rm -r quickstart\n'
