# From the last version that verified with OpenDKIM and OpenDMARC (9742cad) to this one, and back,
# while mail flows.  The earlier program is built from the repository's history; a checkout without
# it skips this script.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

policyd=/usr/local/libexec/mailauthctl/mailauth-policyd
program=/usr/local/sbin/mailauthctl
use() { # folder with a version's programs
	install -D -m 0755 "$1/mailauth-policyd" $policyd.new
	mv $policyd.new $policyd
	install -m 0755 "$1/mailauthctl" $program.new
	mv $program.new $program
}
install -D -m 0755 $program /srv/now/mailauthctl
install -m 0755 /e2e/mailauth-policyd /srv/now/mailauth-policyd
install -d -o opendmarc -g opendmarc /run/opendmarc

# ---- senders elsewhere -----------------------------------------------------------------------------

mkdir -p /srv/zones /tmp/out
make_zone() { # name, further lines...
	printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' "$1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
}
make_zone example >/srv/zones/example.zone
make_zone reject.example '@ TXT "v=spf1 -all"' '_dmarc TXT "v=DMARC1; p=reject"' >/srv/zones/reject.example.zone
make_zone com >/srv/zones/com.zone
make_zone net >/srv/zones/net.zone
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
wait_for is_served sel._domainkey.sender.example.net

# What the admin had: a service and parameters of his own, his lines in the filters' files.
printf '%s\n' 'RejectFailures false # not yet' 'RecordAllMessages false' >>/etc/opendmarc.conf
postconf -e header_size_limit=102401
postfix reload >/dev/null 2>&1
mkdir /srv/before
cp -a /etc/postfix /etc/opendmarc.conf /etc/opendkim.conf /srv/before
is_as() { # folder
	diff -r "/srv/$1/postfix" /etc/postfix && cmp "/srv/$1/opendmarc.conf" /etc/opendmarc.conf &&
		cmp "/srv/$1/opendkim.conf" /etc/opendkim.conf
}

from_us() { deliver 127.0.0.1 user@example.com && signatures; }
results() { header Authentication-Results | sed -n 's/^mx\.example\.test; *//p' | tr ';' '\n' |
	sed -nE 's/^ *((dkim|dmarc)=[a-z]+).*/\1/p' | sort -u | paste -sd' '; }
from_elsewhere() {
	sign_foreign user@sender.example.net
	deliver 192.0.2.5 user@sender.example.net --data @/tmp/signed && results
}
printf 'From: a@reject.example\nTo: inbox@example.test\nSubject: forged\n\nhello\n' >/tmp/out/forged
# With a pass that nobody gave.
printf 'Authentication-Results: mx.example.test; dmarc=pass header.from=reject.example\n' |
	cat - /tmp/out/forged >/tmp/out/claims
forged() { echo "${1:-forged} 192.0.2.6 user@other.example" | python3 /e2e/post.py | cut -d' ' -f2-3; }

# ---- the earlier version ------------------------------------------------------------------------------

use /e2e/earlier
ok "mta adopt" mailauthctl mta adopt --yes
ok "its settings" mailauthctl server set dkim.activate now mta.hostname mx.example.test zone.reload true \
	spf.mode headers-only
ok "example.com signs" mailauthctl domain enable-dkim --quiet example.com
ok "DMARC of incoming mail" mailauthctl server set dkim.verify on spf.check on dmarc.check on
ok "OpenDMARC runs" pgrep -x opendmarc
ok "OpenDKIM verifies" grep -xE 'Mode sv' /etc/mailauthctl/opendkim.conf
ok "with a script" test -e /etc/mailauthctl/opendkim/final.lua
is "mail is signed" "$(from_us)" "d=example.com s=default"
is "mail is verified" "$(from_elsewhere)" "dkim=pass dmarc=none"
is "DMARC refuses" "$(forged)" "550 5.7.1"
mkdir /srv/earlier
cp -a /etc/postfix /etc/opendmarc.conf /etc/opendkim.conf /etc/mailauthctl /srv/earlier

# ---- to this one -----------------------------------------------------------------------------------------

use /srv/now
is "the new programs alone change nothing: signed" "$(from_us)" "d=example.com s=default"
is "refused" "$(forged claims)" "550 5.7.1"
ok "a push is due" sh -c 'mailauthctl mta plan | grep -q opendmarc'

# The replies to forged mail and to mail of a stranger, and what was delivered unsigned, meanwhile.
sign_foreign user@sender.example.net
tr -d '\r' </tmp/signed >/tmp/out/stranger
printf 'From: user@example.com\nTo: inbox@example.test\nSubject: ours\nX-Test: ours\n\nhello\n' >/tmp/out/ours
flow_of() {
	rm -f /tmp/stop /tmp/flow
	: >/tmp/flow
	while [ ! -e /tmp/stop ]; do
		printf '%s\n' "claims 192.0.2.6 user@other.example" "stranger 192.0.2.5 user@sender.example.net" \
			"ours 127.0.0.1 user@example.com" | python3 /e2e/post.py >>/tmp/flow
	done &
	flow=$!
	wait_for grep -q '^claims' /tmp/flow
}
flows_on() {
	local lines
	lines=$(wc -l </tmp/flow)
	wait_for sh -c "[ \$(wc -l </tmp/flow) -gt $((lines + 6)) ]"
}
end_flow() {
	touch /tmp/stop
	wait $flow
	wait_for queue_is_empty
}
replies() { cut -d' ' -f1-2 /tmp/flow | sort -u | paste -sd' '; }
unsigned() { grep -lZ '^X-Test: ours' "$inbox"/new/* | xargs -0 grep -L '^DKIM-Signature:' | wc -l; }
believed() { grep -lE '^Authentication-Results: mx\.example\.test; dmarc=pass header.from=reject.example' "$inbox"/new/* | wc -l; }
check_flow() { # what went on
	end_flow
	is "$1: each message was taken or refused as before, none deferred" "$(replies)" "claims 550 ours 250 stranger 250"
	is "$1: each of ours was signed" "$(unsigned)" 0
	is "$1: no forged result was delivered" "$(believed)" 0
	rm -f "$inbox"/new/*
}
check_now() {
	fails "OpenDMARC, which we had started, does not run" pgrep -x opendmarc
	ok "its configuration is the admin's" cmp /etc/opendmarc.conf /srv/before/opendmarc.conf
	fails "its folder is gone" test -e /etc/mailauthctl/opendmarc
	fails "its socket's folder, too" test -e /var/spool/postfix/opendmarc
	fails "the script is gone" test -e /etc/mailauthctl/opendkim/final.lua
	ok "OpenDKIM only signs" grep -xE 'Mode s' /etc/mailauthctl/opendkim.conf
	is "main.cf names no OpenDMARC" "$(grep -c dmarc_milter /etc/postfix/main.cf)" 0
	is "mail is signed" "$(from_us)" "d=example.com s=default"
	is "mail is verified" "$(from_elsewhere)" "dkim=pass dmarc=none"
	is "DMARC refuses, a forged pass too" "$(forged) $(forged claims)" "550 5.7.1 550 5.7.1"
	is "nothing is left to do" "$(mailauthctl mta plan 2>&1; echo $?)" 0
}
flow_of
ok "mta push" mailauthctl mta push
flows_on
check_flow "the upgrade"
check_now

# ---- back, and forth ----------------------------------------------------------------------------------------

flow_of
ok "mta rollback" mailauthctl mta rollback --yes
flows_on
check_flow "the rollback"
ok "OpenDMARC runs again" pgrep -x opendmarc
ok "the files are those of the earlier version, byte for byte" is_as earlier
ok "ours, too" diff -r /srv/earlier/mailauthctl /etc/mailauthctl
is "mail is signed" "$(from_us)" "d=example.com s=default"
is "mail is verified" "$(from_elsewhere)" "dkim=pass dmarc=none"
is "DMARC refuses, a forged pass too" "$(forged) $(forged claims)" "550 5.7.1 550 5.7.1"
flow_of
ok "mta push, after the rollback" mailauthctl mta push
flows_on
check_flow "the second upgrade"
check_now

# ---- removed -------------------------------------------------------------------------------------------------

ok "mta push --remove" mailauthctl mta push --remove --yes
ok "all is as it was before the earlier version, byte for byte" is_as before
fails "OpenDMARC does not run" pgrep -x opendmarc
done_testing
