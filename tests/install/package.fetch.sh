# The package in a bare root, first half: built and installed, with the network.
# shellcheck shell=bash
. /e2e/tap.sh
# shellcheck source=tests/install/readme.sh
. /e2e/readme.sh

prepare_root || exit 1
steps "$(block "Install" "make deb")"
ok "the timer is enabled" test -L /etc/systemd/system/timers.target.wants/mailauthctl.timer
fails "the socket is not" test -e /etc/systemd/system/sockets.target.wants/mailauth-policyd.socket
is "there is an account without a password and a shell for mailauth-policyd" \
	"$(getent passwd mailauth | cut -d: -f6-) $(passwd -S mailauth 2>/dev/null | cut -d' ' -f2)" "/nonexistent:/usr/sbin/nologin L"
is "dpkg finds every file as it was packed" "$(dpkg -V mailauthctl)" ""
fails "nothing was made beside the files" test -e /var/lib/mailauthctl
steps "$(block "Install" "postfix")"
ok "tools that the test itself needs" tools_for_tests
hand_over
