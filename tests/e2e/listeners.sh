# Listeners of every kind beside ours, services out of order, and what an admin writes next to our
# lines: none of it stands in the way of a push.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd

# Takes the server over and lets go of it: main.cf and master.cf are as they were.
come_and_go() {
	rm -rf /srv/postfix.before
	cp -a /etc/postfix /srv/postfix.before
	mailauthctl mta adopt --yes >/tmp/adopt 2>&1 || { cat /tmp/adopt; return 1; }
	mailauthctl mta push --remove --yes >/tmp/removed 2>&1 || { cat /tmp/removed; return 1; }
	diff -r /srv/postfix.before /etc/postfix
}
service() { postconf -M "$1/inet=$1 inet n - n - - ${2-smtpd}"; }
listens() { postfix reload >/dev/null 2>&1 && wait_for connects "$1" "$2"; }
connects() { (exec 3<>"/dev/tcp/$1/$2"); }

# ---- listeners that cannot be talked to, or refuse ------------------------------------------------

service 2601
postconf -P 2601/inet/smtpd_upstream_proxy_protocol=haproxy
listens 127.0.0.1 2601
wait_for grep -q 'haproxy read' /var/log/mail.log # that was us
: >/var/log/mail.log
ok "behind a proxy" come_and_go
is "it was spoken to" "$(grep -c 'haproxy read' /var/log/mail.log)" 0
service 2602
postconf -e 'the_proxy = ${the_kind?haproxy}${the_kind:}' 'the_kind = yes'
postconf -P '2602/inet/smtpd_upstream_proxy_protocol=$the_proxy'
listens 127.0.0.1 2602
ok "behind a proxy by a parameter" come_and_go
postconf -MX 2601/inet 2602/inet

postconf -M '[127.0.0.1]:2603/inet=[127.0.0.1]:2603 inet n - n - - smtpd'
listens 127.0.0.1 2603
ok "an address in brackets" come_and_go
postconf -MX '[127.0.0.1]:2603/inet'

service 2604
postconf -P '2604/inet/smtpd_delay_reject=no' '2604/inet/smtpd_client_restrictions=reject'
listens 127.0.0.1 2604
ok "one that refuses everybody at the greeting" come_and_go
postconf -MX 2604/inet

service 2605
postconf -e 'the_wrapper = yes'
postconf -P '2605/inet/smtpd_tls_wrappermode=$the_wrapper'
listens 127.0.0.1 2605
ok "TLS from the start by a parameter" come_and_go
postconf -MX 2605/inet

service 2606
postconf -P '2606/inet/smtpd_milters=nonsense:' 2606/inet/smtpd_recipient_restrictions=nonsense
postconf -P 2606/inet/smtpd_tls_security_level=nonsense
listens 127.0.0.1 2606
ok "one that Postfix cannot start" come_and_go
is "it is told of, not blamed on the push" "$(grep -c '127.0.0.1:2606' /tmp/adopt)" 1
postconf -MX 2606/inet

service 2607 postscreen
postconf -M 'smtpd/pass=smtpd pass - - n - - smtpd'
postconf -e 'postscreen_access_list = permit_mynetworks'
listens 127.0.0.1 2607
ok "postscreen" come_and_go
postconf -MX 2607/inet smtpd/pass

postconf -M 'mail-extra/inet=mail-extra inet n - n - - smtpd'
echo 'mail-extra 2608/tcp' >>/etc/services
listens 127.0.0.1 2608
ok "a name of /etc/services" come_and_go
postconf -MX mail-extra/inet
postconf -M 'smtp-here/unix=smtp-here unix n - n - - smtpd'
listens 127.0.0.1 25
ok "smtpd on a socket of the file system" come_and_go
postconf -MX smtp-here/unix

# A socket that another program has, and a service that is switched off for it.
python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 2609)); open("/tmp/held", "w").close(); time.sleep(600)' &
held=$!
wait_for test -e /tmp/held
postconf -M '127.0.0.1:2609/inet=127.0.0.1:2609 inet n - n - - smtpd'
postconf -e master_service_disable=127.0.0.1:2609/inet
listens 127.0.0.1 25
ok "a port that another program has" come_and_go
kill $held
postconf -MX 127.0.0.1:2609/inet
postconf -X master_service_disable

postconf -e 'inet_interfaces = 192.0.2.1, [2001:db8::1]'
postfix stop >/dev/null 2>&1
postfix start >/dev/null 2>&1
wait_for connects 192.0.2.1 25
ok "addresses of its own, IPv6 in brackets" come_and_go
postconf -e 'inet_interfaces = all'
postfix stop >/dev/null 2>&1
postfix start >/dev/null 2>&1
wait_for greets

# ---- what answered must answer --------------------------------------------------------------------

service submission
postconf -P submission/inet/smtpd_client_restrictions=permit_sasl_authenticated,reject \
	submission/inet/smtpd_recipient_restrictions=reject
listens 127.0.0.1 587
: >/var/log/mail.log
ok "adopted for good" mailauthctl mta adopt --yes
ok "spf.check on" mailauthctl server set spf.check on spf.mode reject-fail
ok "a further push" mailauthctl server set dkim.sign off
ok "and back" mailauthctl server set dkim.sign on
is "no push leaves a refusal in the log" "$(grep -c "NOQUEUE: reject" /var/log/mail.log)" 0
is "submission was asked" "$(grep -c 'disconnect from.*ehlo=1 quit=1' /var/log/mail.log | sed 's/[1-9][0-9]*/some/')" some
is "recipients are asked for only where their checks changed" \
	"$(grep -c 'disconnect from.*rcpt=' /var/log/mail.log)" 2

# ---- comments of the admin's ----------------------------------------------------------------------

mailauthctl server set srs.enabled on srs.domain example.test dkim.verify on dmarc.check on >/dev/null 2>&1
ok "nothing is pending" mailauthctl mta plan
shared="/etc/postfix/main.cf /etc/postfix/master.cf /etc/opendkim.conf /etc/default/postsrsd"
for file in $shared; do
	grep -q mailauthctl "$file" || continue
	name=${file##*/}
	cp -a "$file" /srv/"$name"
	printf '# admin was here\n\n# mailauthctl: see the block above\n' >>"$file"
	ok "$name: a comment below our block is nothing to push" mailauthctl mta plan
	ok "$name: and no drift" test -z "$(mailauthctl --json mta status | jq -r '.drift[]?.path')"
	sed -i '1i # on top' "$file"
	ok "$name: one on top" mailauthctl mta plan
	sed -i 's/^# mailauthctl: \(begin\|the line below\)/# above\n&/; s/^# mailauthctl: begin.*/&\n# inside\n/' "$file"
	ok "$name: above and inside" mailauthctl mta plan
	cat "$file" >/srv/commented."$name"
done
ok "a push goes on" mailauthctl server set mta.trusted-relays 203.0.113.9
ok "SPF too" mailauthctl server set spf.check off dmarc.check off
ok "on again" mailauthctl server set spf.check on dmarc.check on
ok "nothing is pending afterwards" mailauthctl mta plan
sed -i 's/^mailauth_guard_milter = .*/&, inet:127.0.0.1:9/' /etc/postfix/main.cf
fails "what is really changed in our lines is drift" mailauthctl server set mta.trusted-relays 203.0.113.8
ok "--force" mailauthctl mta push --force
# An editor that writes CRLF.
sed -i 's/$/\r/' /etc/postfix/main.cf
ok "line ends of another system" mailauthctl mta plan
sed -i 's/\r$//' /etc/postfix/main.cf
mailauthctl mta push --remove --yes >/dev/null 2>&1
for file in $shared; do
	name=${file##*/}
	[ -e /srv/"$name" ] || continue
	{
		echo '# on top'
		sed '/^# mailauthctl: \(begin\|the line below\)/,$d' /srv/"$name"
	} >/srv/head."$name"
	is "$name: his comments are left" \
		"$(grep -c '^# on top$\|^# above$\|^# inside$\|^# admin was here$\|^# mailauthctl: see the block above$' "$file")" \
		"$(grep -c '^# on top$\|^# above$\|^# inside$\|^# admin was here$\|^# mailauthctl: see the block above$' /srv/commented."$name")"
	is "$name: nothing of ours is" "$(grep -c 'mailauth_\|mailauth-\|/etc/mailauthctl' "$file")" 0
done

# ---- a reload that leaves something in the background ----------------------------------------------

# "postfix reload" ends with "postsuper &", which walks through the whole queue.
mv /usr/sbin/postsuper /usr/sbin/postsuper.real
cat >/usr/sbin/postsuper <<'SCRIPT'
#!/bin/sh
[ $# = 0 ] || exec /usr/sbin/postsuper.real "$@"
sleep 45
exec /usr/sbin/postsuper.real
SCRIPT
chmod 0755 /usr/sbin/postsuper
begin=$SECONDS
ok "a long queue: adopted" mailauthctl mta adopt --yes
ok "it did not wait for the whole queue" test $((SECONDS - begin)) -lt 20
ok "which is still walked through" pgrep -f 'sleep 45'
mv /usr/sbin/postsuper.real /usr/sbin/postsuper

done_testing
