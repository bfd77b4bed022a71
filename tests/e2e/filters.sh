# Content filters: whatever way a filter is chosen and returns mail, no stranger's message is signed, our
# own is signed once, p=reject is enforced, and the results of the first pass survive the second.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
mkdir -p /srv/zones /tmp/out
for policy in none reject; do
	printf '$ORIGIN %s.example.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1
@ TXT "v=spf1 ip4:192.0.2.5 -all"\n_dmarc TXT "v=DMARC1; p=%s"\n' $policy $policy >/srv/zones/$policy.example.zone
done
# What the walk to an organization's domain asks above them.
printf '$ORIGIN example.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' >/srv/zones/example.zone
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

# ---- filters, and the server without one ------------------------------------------------------------

python3 /e2e/servers.py logins &
python3 /e2e/filter.py 127.0.0.1:10024 127.0.0.1:10025 &
python3 /e2e/filter.py 127.0.0.1:10026 127.0.0.1:10027 &
python3 /e2e/filter.py 127.0.0.1:10028 127.0.0.1:25 &
python3 /e2e/filter.py '[::1]:10024' '[::1]:10025' &
python3 /e2e/filter.py 198.51.100.7:10024 192.0.2.1:10025 198.51.100.7 &
python3 /e2e/filter.py 198.51.100.7:10028 192.0.2.1:25 198.51.100.7 &
python3 /e2e/filter.py 127.0.0.1:10090 map &
printf '#!/bin/sh\n{ echo "X-Filter: program"; cat; } | "$@"\n' >/usr/local/bin/program-filter
# an SMTP server that spawn starts, and a policy service that answers FILTER for mail from outside
cat >/usr/local/bin/spawn-filter <<'SCRIPT'
#!/usr/bin/python3
import subprocess, sys
def say(text): print(text + "\r", flush=True)
say("220 filter"); sender, to = "", []
for line in sys.stdin.buffer:
    word = line.decode().strip()
    verb = word.upper()
    if verb.startswith("MAIL"): sender = word[word.index("<") + 1:word.index(">")]
    if verb.startswith("RCPT"): to.append(word[word.index("<") + 1:word.index(">")])
    if verb == "DATA":
        say("354 go on"); body = [b"X-Filter: spawned\n"]
        for line in sys.stdin.buffer:
            if line == b".\r\n": break
            body.append(line.replace(b"\r\n", b"\n").removeprefix(b"."))
        done = subprocess.run(sys.argv[1:] + ["-f", sender, "--"] + to, input=b"".join(body))
        say("451 no" if done.returncode else "250 done")
    else: say("221 bye" if verb == "QUIT" else "250 ok")
    if verb == "QUIT": break
SCRIPT
cat >/usr/local/bin/choose-filter <<'SCRIPT'
#!/bin/sh
while read -r line; do
	case $line in
	client_address=192.0.2.5) action="FILTER $1" ;;
	"") printf 'action=%s\n\n' "${action:-DUNNO}"; action= ;;
	esac
done
SCRIPT
chmod 0755 /usr/local/bin/*-filter
useradd -r filter
wait_for test -S /var/spool/postfix/private/auth
postconf -e mynetworks='127.0.0.0/8 [::1]/128 198.51.100.9 198.51.100.7' smtpd_sasl_auth_enable=yes \
	smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth smtpd_error_sleep_time=0
cat >>/etc/postfix/master.cf <<'CONF'
scan      unix  -       -       n       -       10      smtp
submission inet n       -       y       -       -       smtpd
CONF
cp -a /etc/postfix /srv/base

ok "mta adopt" mailauthctl mta adopt --yes
ok "zones are exported" mailauthctl server set zone.format full zone.reload reload-zones \
	mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
mailauthctl template add '<domain>.' NS '<hostname>.'
ok "a domain of ours" mailauthctl domain add example.com
ok "signs" mailauthctl domain enable-dkim example.com
ok "DMARC" mailauthctl server set dkim.verify on spf.check on dmarc.check on dmarc.reject on
ok "off again, until the first filter is there" mailauthctl mta push --remove --yes

# ---- messages ------------------------------------------------------------------------------------------

write() { # id, From address
	printf 'From: %s\nTo: inbox@example.test\nSubject: %s\nX-Test: %s\nDate: Sun, 22 Nov 2026 01:16:35 +0000
Message-Id: <%s@example.net>\n\nhello\n' "$2" "$1" "$1" "$1" >"/tmp/out/$1"
}
write stranger boss@example.com
write reject ceo@reject.example
write good user@none.example
for id in login lan loop program; do
	write $id user@example.com
done
rows='stranger 192.0.2.5 user@none.example
reject 192.0.2.5 user@none.example
good 192.0.2.5 user@none.example
login 192.0.2.6 user@example.com login port=587
lan 198.51.100.9 user@example.com
loop 127.0.0.1 user@example.com'

is_settled() { queue_is_empty && [ "$(find $inbox/new -type f | wc -l)" -ge "$1" ]; }
send_all() {
	local file count
	rm -rf /tmp/delivered $inbox/new/*
	mkdir /tmp/delivered
	python3 /e2e/post.py <<<"$rows" >/tmp/replies
	sendmail -i -f user@example.com inbox@example.test </tmp/out/program
	count=$(grep -c ' 250 ' /tmp/replies)
	wait_for is_settled $((count + 1))
	for file in "$inbox"/new/*; do
		[ ! -e "$file" ] || cat "$file" >>"/tmp/delivered/$(sed -n 's/^X-Test: //p' "$file" | head -1)"
	done
}
count_fields() { # id, pattern
	sed '/^$/q' "/tmp/delivered/$1" 2>/dev/null | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\+/ /g' | grep -ciE "$2"
}
# "ID" of each message with one signature, "ID*N" of those with more.
signed() {
	local id n
	for id in stranger reject good login lan loop program; do
		n=$(count_fields $id '^DKIM-Signature:')
		[ "$n" = 0 ] || { [ "$n" = 1 ] && echo "$id" || echo "$id*$n"; }
	done | paste -sd' '
}
results() {
	echo "$(count_fields good '^Received-SPF:')" "$(count_fields good '^Authentication-Results:.*dkim=')" \
		"$(count_fields good '^Authentication-Results:.*dmarc=')"
}
passes() { # how often each message passed a filter
	local id
	for id in stranger good login lan loop program; do count_fields $id '^X-Filter:'; done | paste -sd' '
}
overrides() { mailauthctl doctor overrides --json | jq -r '.. | .state? // empty' | grep -cE '^(warning|problem)$'; }

# ---- one server after the other --------------------------------------------------------------------

all="login lan loop program"
shape() { # name, main.cf, master.cf, passes, what is signed, results, reply to p=reject, warnings of doctor
	local name=$1
	rm -rf /etc/postfix
	cp -a /srv/base /etc/postfix
	printf '%b' "$2" >>/etc/postfix/main.cf
	printf '%b' "$3" >>/etc/postfix/master.cf
	[ -z "${entry:-}" ] || sed -i "s|^smtp  *inet .*|$entry|" /etc/postfix/master.cf
	[ ! -e /etc/postfix/access ] || postmap hash:/etc/postfix/access
	touch -d '10 seconds ago' /etc/postfix/main.cf # Postfix waits until it is two seconds old
	postfix reload >/dev/null 2>&1
	rm -rf /srv/before
	cp -a /etc/postfix /srv/before
	ok "$name: mta adopt" mailauthctl mta adopt --yes
	wait_for greets
	send_all
	is "$name: what is signed" "$(signed)" "${5-$all}"
	is "$name: p=reject" "$(sed -n 's/^reject //p' /tmp/replies | cut -c1-9)" "${7-550 5.7.1}"
	is "$name: results of SPF, DKIM, DMARC" "$(results)" "${6-1 1 1}"
	is "$name: passes of the filter" "$(passes)" "$4"
	is "$name: nothing is left to push" "$(mailauthctl mta plan 2>&1; echo $?)" 0
	is "$name: warnings of doctor" "$(overrides)" "${8-0}"
	ok "$name: removal" mailauthctl mta push --remove --yes
	ok "$name: restores every octet" diff -r /srv/before /etc/postfix
}
smtpd='inet n - n - - smtpd'
to_scan='content_filter = scan:[127.0.0.1]:10024\n'
at_scan='smtp inet n - y - - smtpd -o content_filter=scan:[127.0.0.1]:10024'
prog='prog unix - n n - - pipe user=filter argv=/usr/local/bin/program-filter /usr/sbin/sendmail -G -i -f ${sender} -- ${recipient}\n'

shape "no filter" '' '' "0 0 0 0 0 0"
entry=$at_scan
shape "a service that says nothing" '' "127.0.0.1:10025 $smtpd\n" "1 1 0 1 1 0"
shape "a port without a host" '' "10025 $smtpd -o content_filter=\n" "1 1 0 1 1 0"
shape "in brackets" '' "[127.0.0.1]:10025 $smtpd -o syslog_name=back\n" "1 1 0 1 1 0"
shape "a name" '' "localhost:10025 $smtpd -o receive_override_options=no_address_mappings\n" "1 1 0 1 1 0"
shape "a network of its own" '' "10025 $smtpd -o mynetworks=127.0.0.0/8\n" "1 1 0 1 1 0"
shape "restrictions of its own" '' \
	"192.0.2.1:10025 $smtpd\n127.0.0.1:10025 $smtpd -o smtpd_recipient_restrictions=permit_mynetworks,reject\n" "1 1 0 1 1 0"
shape "milters of its own" '' "127.0.0.1:10025 $smtpd -o smtpd_milters=\n" "1 1 0 1 1 0"
entry='smtp inet n - y - - smtpd -o content_filter=scan:[::1]:10024'
shape "IPv6" '' "[::1]:10025 $smtpd\n" "1 1 0 1 1 0"
entry=
shape "main.cf names the filter" "$to_scan" \
	"127.0.0.1:10025 $smtpd -o content_filter= -o receive_override_options=no_header_body_checks\n" "1 1 1 1 1 1"
shape "another host" 'content_filter = scan:[198.51.100.7]:10024\n' \
	"10025 $smtpd -o content_filter= -o mynetworks=127.0.0.0/8,198.51.100.7\n" "1 1 1 1 1 1"
shape "two in a row" "$to_scan" \
	"127.0.0.1:10025 $smtpd -o content_filter=scan:[127.0.0.1]:10026\n127.0.0.1:10027 $smtpd -o content_filter=\n" "2 2 2 2 2 2"

# ---- FILTER in tables ----------------------------------------------------------------------------------

table='smtpd_recipient_restrictions = check_sender_access'
printf 'none.example FILTER scan:[127.0.0.1]:10024\n' >/srv/base/access
shape "FILTER in an access table" "$table hash:/etc/postfix/access\n" \
	"127.0.0.1:10025 $smtpd -o smtpd_recipient_restrictions=\n" "1 1 0 0 0 0"
rm /srv/base/access
printf '/^Subject:/ FILTER scan:[127.0.0.1]:10024\n' >/srv/base/checks
shape "FILTER in header_checks" 'header_checks = regexp:/etc/postfix/checks\n' \
	"127.0.0.1:10025 $smtpd -o receive_override_options=no_header_body_checks\n" "1 1 1 1 1 1"
rm /srv/base/checks
class='smtpd_restriction_classes = strict\nsmtpd_data_restrictions = strict\nstrict = check_client_access'
shape "FILTER in a restriction class" "$class inline:{ { 192.0.2.5 = FILTER scan:[127.0.0.1]:10024 } }\n" \
	"127.0.0.1:10025 $smtpd\n" "1 1 0 0 0 0"

# ---- ways back that cannot be told from mail of ours ------------------------------------------------------

entry='smtp inet n - y - - smtpd -o content_filter=prog:'
shape "a program that returns mail by sendmail" '' "$prog" "1 1 0 1 1 0" "login lan" "1 1 1" "550 5.7.1" 1
ok "mta.signing-networks" mailauthctl server set mta.signing-networks 127.0.0.1
shape "a program, and loopback is ours by mta.signing-networks" '' "$prog" "1 1 0 1 1 0" \
	"login loop" "1 1 1" "550 5.7.1" 1
ok "no more" mailauthctl server unset mta.signing-networks
entry=$at_scan
shape "both in a row" '' "${prog}127.0.0.1:10025 $smtpd -o content_filter=prog:\n" "2 2 0 2 2 0" "login lan" "1 1 1" "550 5.7.1" 1
entry=
# what comes from loopback or a neighbour is not verified, and what claims to be our result is removed
back='smtpd_client_restrictions = permit_mynetworks, check_client_access static:{FILTER scan:'
shape "a filter that returns mail to the port of the world" "${back}[127.0.0.1]:10028}\n" '' "1 1 1 0 0 0" "login lan" "1 0 0" "550 5.7.1" 1
shape "another host that returns mail to the port of the world" "${back}[198.51.100.7]:10028}\n" '' "1 1 1 0 0 0" "login lan" "1 0 0" "550 5.7.1" 1
shape "a table that cannot be searched" "$table tcp:127.0.0.1:10090\n" "$prog" "1 1 1 1 1 0" "login lan" "1 1 1" "550 5.7.1" 1

entry='smtp inet n - y - - smtpd -o content_filter=scan:[127.0.0.1]:10034'
shape "a program at the filter's port that returns mail by sendmail" '' "127.0.0.1:10025 $smtpd
127.0.0.1:10034 inet n n n - - spawn user=filter argv=/usr/local/bin/spawn-filter /usr/sbin/sendmail -G -i\n" \
	"1 1 0 1 1 0" "login lan" "1 1 1" "550 5.7.1" 1
entry=
shape "a delivery to a program that returns mail by sendmail" 'transport_maps = inline:{inbox@example.test=deliver:}\n' \
	"deliver unix - n n - - pipe user=filter argv=/usr/local/bin/program-filter /usr/sbin/sendmail -G -i -f \${sender} -- inbox@localhost\n" \
	"1 1 1 1 1 1" "login lan" "1 1 1" "550 5.7.1" 1
asks='smtpd_end_of_data_restrictions = check_policy_service unix:private/choose\n'
choose='choose unix - n n - 0 spawn user=filter argv=/usr/local/bin/choose-filter'
shape "a policy service that chooses a program" "$asks" "$prog$choose prog:x\n" "1 1 0 0 0 0" "login lan" "1 1 1" "550 5.7.1" 1
shape "a policy service that chooses a filter" "$asks" "127.0.0.1:10025 $smtpd\n$choose scan:[127.0.0.1]:10024\n" "1 1 0 0 0 0"
entry='smtp inet n - y - - smtpd -o filter_to=scan:[127.0.0.1]:10024'
shape "a parameter that the service sets for itself" 'filter_to =\ncontent_filter = $filter_to\n' "127.0.0.1:10025 $smtpd\n" "1 1 0 1 1 0"

# ---- before the queue ------------------------------------------------------------------------------------

entry='smtp inet n - n - - smtpd -o smtpd_proxy_filter=127.0.0.1:10024'
shape "a filter before the queue" '' \
	"127.0.0.1:10025 $smtpd -o smtpd_recipient_restrictions=permit_mynetworks,reject -o mynetworks=127.0.0.0/8\n" \
	"1 1 0 1 1 0" "login program" "1 0 0" "250 2.0.0" 1

# ---- a network that takes in the world ------------------------------------------------------------------------

entry=
sed -i 's|^mynetworks = .*|mynetworks = 127.0.0.0/8 0.0.0.0/0|' /srv/base/main.cf
shape "mynetworks that takes in the world" '' '' "0 0 0 0 0 0" "login loop program" "0 1 1" "550 5.7.1" 1
sed -i 's|^mynetworks = .*|mynetworks = 127.0.0.0/8 [::1]/128 198.51.100.9 198.51.100.7|' /srv/base/main.cf

# ---- the admin's own lists name the signing filter ---------------------------------------------------------

printf 'Socket inet:8891@127.0.0.1\n' >>/etc/opendkim.conf
old=$(opendkim_pid)
kill "$old"
wait_for test ! -e "/proc/$old"
start_opendkim
printf 'smtpd_milters = inet:127.0.0.1:8891\nnon_smtpd_milters = $smtpd_milters\n' >>/srv/base/main.cf
entry=$at_scan
shape "his own item, and a service that says nothing" '' "127.0.0.1:10025 $smtpd\n" "1 1 0 1 1 0"
shape "his own item, also where a filter returns mail" '' "127.0.0.1:10025 $smtpd -o smtpd_milters=inet:127.0.0.1:8891\n" \
	"1 1 0 1 1 0" "login lan" "1 1 1" "550 5.7.1" 1
entry='smtp inet n - y - - smtpd -o content_filter=prog:'
shape "his own item, and a program" '' "$prog" "1 1 0 1 1 0" "login lan" "1 1 1" "550 5.7.1" 1

done_testing
