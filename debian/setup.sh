#!/usr/bin/env bash
# Installs missing packages for building ("build"), testing ("test"), making a package ("deb"),
# installing it into a bare root ("install"), or the root of another release ("release"), on Debian and
# its derivatives.  apt-get is not called if no package is missing.  If not root: prints the missing
# packages; exits 0 for "test", fails otherwise.  Never installs a mail server or a name server: these
# run only on the throw-away host of tests/e2e.
#
# usage: debian/setup.sh build|deb|test|install|release
# exit status: 0; 75: packages could not be fetched, tried three times; 1: any other failure
set -u
. "$(dirname "$0")/apt.sh"

build="gcc libc6-dev make pkg-config libsqlite3-dev libssl-dev libyaml-dev libldns-dev
	libcurl4-openssl-dev libexpat1-dev libidn2-dev libjansson-dev gettext mandoc"
tests="libcmocka-dev clang clang-format shellcheck git jq sqlite3 openssl strace
	bind9-utils iproute2 util-linux procps ca-certificates python3 python3-dkim tmux zsh fish
	bash-completion systemd"
deb="$build build-essential debhelper"
release="debootstrap debian-archive-keyring"
install="$deb lintian $release"

case ${1:-} in
build) wanted=$build ;;
test) wanted="$build $tests" ;;
deb) wanted=$deb ;;
install) wanted=$install ;;
release) wanted=$release ;;
*)
	echo "usage: debian/setup.sh build|deb|test|install|release" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "not a Debian system: install the equivalents of:" $wanted
	exit 0
fi

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=
for package in $wanted; do
	is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "not installed:$missing (as root: debian/setup.sh $1)"
	[ "$1" = test ]
	exit
fi
echo "installing:$missing"
status=0
# shellcheck disable=SC2086 # the list is words
apt_install $missing || status=$?
[ $status = 0 ] || echo "apt-get could not install:$missing"
exit $status
