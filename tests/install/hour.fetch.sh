# A new user's hour, first half: from clone to installed, with the network.
# shellcheck shell=bash
. /e2e/tap.sh
# shellcheck source=tests/install/readme.sh
. /e2e/readme.sh

prepare_root || exit 1
steps "$(block "" "make quickstart" | sed '/make check/d')"
ok "the quick start's zone is there" test -s $checkout/quickstart/var/lib/mailauthctl/zones/example.com.zone
is "what it made is the person's" "$(find $checkout ! -user $person | head -5)" ""
is "README says how to take it away" "$(grep -c 'rm -r quickstart' $checkout/README.md)" 1
steps "$(block "Install" "sudo make install")"
steps "$(block "Install" "postfix")"
ok "tools that the test itself needs" tools_for_tests
hand_over
