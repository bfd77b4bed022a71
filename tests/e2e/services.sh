# Services without systemd: filters that do not run, stale PidFiles, reloads that hang or break the
# server, being killed in a restart, mta.reload, and a second Postfix on the same machine.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

from_us() { deliver 127.0.0.1 "user@$1"; }
is_signed() { from_us "$1" && [ "$(signatures)" = "d=$1 s=default" ]; }
is_unsigned() { from_us "$1" && [ -z "$(signatures)" ]; }
filter_runs() { opendkim_pid; }
filter_is_gone() { ! opendkim_pid; }
stop_filter() {
	kill -KILL "$(opendkim_pid)"
	wait_for filter_is_gone
}
says() { grep -q -- "$1" /tmp/said || { sed 's,^,# ,' /tmp/said; return 1; }; }

# A program of the server is replaced by the text on standard input; its own one is then in /srv/real.
mkdir -p /srv/real
wrap() {
	cp "$1" /srv/real/
	{ echo '#!/bin/bash'; cat; } >/srv/wrapper
	chmod 0755 /srv/wrapper
	mount --bind /srv/wrapper "$1"
}
unwrap() { umount "$1"; }

use_zones() {
	mailauthctl server set zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60 &&
		mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' &&
		mailauthctl template add '<domain>.' NS '<hostname>.'
}

# ---- a filter is started, and given back as it was ------------------------------------------------

stop_filter
ok "adopted while the filter does not run" mailauthctl mta adopt --yes
fails "which no domain needs: it is not started" filter_runs
ok "zones go to NSD" use_zones
ok "a domain signs" mailauthctl domain enable-dkim --quiet example.com
ok "it was started" filter_runs
ok "its mail is signed" is_signed example.com
ok "a push with nothing to do starts nothing" mailauthctl mta plan
ok "everything of ours is taken out" mailauthctl mta push --remove --yes
ok "the filter that we started is stopped again" wait_for filter_is_gone
ok "mail flows without it" is_unsigned example.com

# ---- one that ran before goes on; killed in its restart it comes back -----------------------------

start_opendkim
before=$(opendkim_pid)
wrap /usr/sbin/opendkim <<'SCRIPT'
if [ "$1" = -x ] && [ $# = 2 ]; then # not one that only tries a configuration
	touch /tmp/restarting
	until [ -e /tmp/go ]; do sleep 0.05; done
fi
exec /srv/real/opendkim "$@"
SCRIPT
mailauthctl mta adopt --yes >/tmp/said 2>&1 &
victim=$!
ok "a restart is under way" wait_for test -e /tmp/restarting
kill -KILL "$victim"
wait "$victim" 2>/dev/null
touch /tmp/go
new_filter() { [ "$(opendkim_pid)" != "$before" ] && [ "$(readlink /proc/"$(opendkim_pid)"/exe)" = /srv/real/opendkim ]; }
ok "we were killed between stop and start, the filter starts all the same" wait_for new_filter
now_ms() { echo $(($(date +%s%N) / 1000000)); }
started=$(now_ms)
ok "the next command puts the old configuration back and adopts" mailauthctl mta adopt --yes
adopting=$(($(now_ms) - started))
unwrap /usr/sbin/opendkim
ok "mail is signed" is_signed example.com
started=$(now_ms)
ok "and taken out again" mailauthctl mta push --remove --yes
removing=$(($(now_ms) - started))
ok "the filter that ran before goes on" filter_runs
# libmilter looks at its stop flag every five seconds, unless somebody connects
ok "which waited for no poll of libmilter ($removing ms, adopting $adopting ms)" \
	test "$removing" -lt $((adopting + 4000))
ok "mail is not signed" is_unsigned example.com
ok "adopted for good" mailauthctl mta adopt --yes

# ---- a dead filter whose PidFile names somebody else ----------------------------------------------

stop_filter
sleep 1000 &
bystander=$!
echo $bystander >/run/opendkim/opendkim.pid
ok "a push finds out" mailauthctl mta push
ok "the filter runs" filter_runs
ok "whose number it was lives" kill -0 $bystander
kill $bystander
ok "mail is signed again" is_signed example.com

# ---- what an admin's own restrictions refused before is no failure of ours ------------------------

postconf -e 'smtpd_helo_restrictions = reject'
postfix reload >/dev/null 2>&1
ok "a server that refuses its postmaster can be pushed to" mailauthctl server set dkim.sign off
postconf -e 'smtpd_helo_restrictions = check_policy_service unix:private/dead'
# from here on pushes change what a recipient meets, and the server is asked about one
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
postfix reload >/dev/null 2>&1
mailauthctl server set dkim.sign on >/tmp/said 2>&1
is "so can one whose own policy service is dead" $? 0
ok "which is said" says 'as it did before the push: 451 4.3.5'
postconf -e 'smtpd_helo_restrictions ='
postfix reload >/dev/null 2>&1
ok "mail is signed still" is_signed example.com

# ---- a reload after which the server does not take mail -------------------------------------------

map_answers() { (exec 3<>/dev/tcp/127.0.0.1/12345); }
start_map() { # answers "no such key" to every question
	python3 -c '
import socketserver
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        while self.request.recv(4096): self.wfile.write(b"9:NOTFOUND ,")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 12345), Answer).serve_forever()' &
	echo $! >/tmp/map.pid
	wait_for map_answers
}
start_map
postconf -e virtual_alias_maps=socketmap:inet:127.0.0.1:12345:x
postfix reload >/dev/null 2>&1
main_cf=$(sha256sum </etc/postfix/main.cf)
wrap /usr/sbin/postfix <<'SCRIPT'
case "$*" in
*reload*) kill "$(cat /tmp/map.pid)" ;;
esac
exec /srv/real/postfix "$@"
SCRIPT
fails "a push after which no mail is taken fails" mailauthctl server set dkim.sign off spf.check off
mailauthctl mta status >/tmp/said 2>&1
ok "with what the server says" says 'refuses mail for its postmaster: 451 4.3'
unwrap /usr/sbin/postfix
is "main.cf is the old one" "$(sha256sum </etc/postfix/main.cf)" "$main_cf"
start_map
ok "mail is signed again" is_signed example.com
postconf -e virtual_alias_maps=
postfix reload >/dev/null 2>&1

main_cf=$(sha256sum </etc/postfix/main.cf)
wrap /usr/sbin/postfix <<'SCRIPT'
case "$*" in
*reload*) postlog -t postfix/cleanup -p fatal "no memory for this" ;;
esac
exec /srv/real/postfix "$@"
SCRIPT
fails "a push after which a daemon ends fails" mailauthctl mta push
mailauthctl mta status >/tmp/said 2>&1
ok "with what its log says" says 'mail server log: postfix/cleanup: fatal: no memory for this'
unwrap /usr/sbin/postfix
is "main.cf is the old one then, too" "$(sha256sum </etc/postfix/main.cf)" "$main_cf"
ok "put right, the wish is pushed" mailauthctl mta push
ok "and holds" is_unsigned example.com

# ---- a reload that hangs --------------------------------------------------------------------------

main_cf=$(sha256sum </etc/postfix/main.cf)
wrap /usr/sbin/postfix <<'SCRIPT'
case "$*" in
*reload*) sleep 1000 ;;
esac
exec /srv/real/postfix "$@"
SCRIPT
started=$SECONDS
fails "a push whose reload hangs fails" mailauthctl server set dkim.sign on
ok "within its limit" test $((SECONDS - started)) -lt 60
mailauthctl mta status >/tmp/said 2>&1
ok "saying so" says '"postfix -c /etc/postfix reload" did not finish within'
is "main.cf is the old one again" "$(sha256sum </etc/postfix/main.cf)" "$main_cf"
ok "mail flows" is_unsigned example.com
unwrap /usr/sbin/postfix

# ---- mta.reload in place of everything ------------------------------------------------------------

cat >/usr/local/sbin/kick <<'SCRIPT'
#!/bin/sh
echo "$1 $MAILAUTHCTL_ACTIONS" >>/tmp/kicks
kill -USR1 "$(cat /run/opendkim/opendkim.pid)"
exec postfix reload
SCRIPT
chmod 0755 /usr/local/sbin/kick
ok "what hung is pushed" mailauthctl mta push
wrap /usr/sbin/opendkim <<'SCRIPT'
[ "$1" = -x ] && [ $# = 2 ] && touch /tmp/started-by-us && exit
exec /srv/real/opendkim "$@"
SCRIPT
mailauthctl server set mta.reload '/usr/local/sbin/kick "the server"' dkim.verify off --no-push
: >/tmp/kicks
ok "with mta.reload a change is pushed" mailauthctl mta push
ok "its command was run and told what for" grep -qx 'the server reload=postfix' /tmp/kicks
ok "mail is signed" is_signed example.com
stop_filter
mailauthctl mta push --remove --yes >/tmp/said 2>&1
ok "also for the filter" grep -q '^the server .*=opendkim' /tmp/kicks
fails "nothing else was started" test -e /tmp/started-by-us
unwrap /usr/sbin/opendkim
mailauthctl server unset mta.reload --no-push

# ---- a second Postfix -----------------------------------------------------------------------------

postmulti -e init
postmulti -I postfix-out -e create
postconf -c /etc/postfix-out -e master_service_disable= inet_interfaces=192.0.2.7 \
	myhostname=out.example.test mydestination= 'mynetworks=127.0.0.0/8, 192.0.2.0/24' \
	maillog_file=/var/log/out.log relayhost='[192.0.2.1]' relay_domains=example.test \
	smtpd_client_connection_rate_limit=0 authorized_submit_users=root
postconf -e inet_interfaces='127.0.0.1, 192.0.2.1'
postmulti -i postfix-out -e enable
postmulti -i - -p stop >/dev/null 2>&1
postmulti -i - -p start >/dev/null 2>&1
postmulti -i postfix-out -p start >/dev/null 2>&1
out_greets() { swaks --server 192.0.2.7 --quit-after EHLO; }
ok "two instances run" wait_for out_greets
wait_for greets
stop_filter 2>/dev/null
whole() { (cd /etc/postfix && find . -type f -print0 | sort -z | xargs -0 sha256sum; stat -c '%n %i %Y %Z' ./*; cat /var/spool/postfix/pid/master.pid); }
first=$(whole)
: >/var/log/mail.log
ok "the second one is named" mailauthctl server set mta.postfix.config-dir /etc/postfix-out
ok "and adopted" mailauthctl mta adopt --yes
mailauthctl mta status >/tmp/said 2>&1
ok "status says that the other one is left alone" says 'are not changed: /etc/postfix '
is "it is untouched" "$(whole)" "$first"
is "and was not reloaded" "$(grep -c 'postfix/master.*reload' /var/log/mail.log)" 0
ok "the second one was" grep -q 'postfix-out/master.*reload' /var/log/out.log
ok "it names the filter" grep -q mailauth_ /etc/postfix-out/main.cf
through_out() { deliver 192.0.2.7 user@example.com --server 192.0.2.7 && [ "$(signatures)" = "d=example.com s=default" ]; }
ok "what it sends is signed" through_out
ok "what the first one takes is not" is_unsigned example.com
ok "taken out of the second one" mailauthctl mta push --remove --yes
is "the first one is untouched still" "$(whole)" "$first"
done_testing
