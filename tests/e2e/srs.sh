# SRS with postsrsd 1: what is forwarded leaves with an SRS address, and its bounce finds the way
# back; what is delivered here, and what our own domains send, keeps its sender.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
mkdir -p /srv/zones
cat >/srv/zones/example.test.zone <<'ZONE'
$ORIGIN example.test.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
srs MX 10 mx
srs TXT "v=spf1 ip4:9.9.9.9 -all"
mx A 192.0.2.1
bare TXT "no mail here"
ZONE
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

python3 /e2e/servers.py sink &
python3 /e2e/servers.py lmtp &
wait_for test -S /var/spool/postfix/private/sink
wait_for test -d /tmp/sink
postconf -e 'transport_maps = inline:{ outside.example=smtp:[198.51.100.5]:2525, sender.example.net=smtp:[198.51.100.5]:2525 }' \
	'virtual_alias_maps = inline:{ forward@example.test=someone@outside.example }' \
	'mydestination = $myhostname, example.test, srs.example.test, localhost' \
	smtp_host_lookup=native
postfix reload >/dev/null 2>&1
cp -a /etc/default/postsrsd /etc/postsrsd.secret /tmp/

# The MAIL and RCPT commands with which the one message that was sent arrives at the next hop (sink)
# or is delivered (lmtp): "sender recipient".
arrived() { # place
	wait_for has_arrived "$1" || return
	sed -nE 's/^(MAIL FROM|RCPT TO):<([^>]*)>.*/\2/p' /tmp/"$1"/* | tr '\n' ' ' | sed 's/ $//'
	rm -f /tmp/"$1"/*
}
has_arrived() { [ -n "$(find /tmp/"$1" -type f ! -name '*.part')" ]; }
pass() { # sender, recipient, place
	local reply
	reply=$(send 192.0.2.5 "$1" --to "$2")
	case $reply in
	250*) arrived "$3" ;;
	*) echo "not accepted: $reply" ;;
	esac
}
forwarded() { pass "$1" forward@example.test sink; }
shape() { sed -E 's/^SRS0=[^=]+=[^=]+=/SRS0=HHHH=TT=/'; }
set_server() { ok "server set $*" mailauthctl server set "$@"; }
refused() { mailauthctl server set "$@" 2>&1 >/dev/null | tail -1; }
has_lines() { grep -qF "$2" "$1"; }

# ---- before it is switched on ----------------------------------------------------------------------

ok "domain add" mailauthctl domain add example.com
ok "an alias" mailauthctl domain add example.org --alias-of example.com
ok "mta adopt" mailauthctl mta adopt --yes
set_server dkim.sign off dkim.verify off spf.check off dns.ipv4 8.8.8.8
cp -a /etc/postfix/main.cf /tmp/main.cf
is "forwarded as it came" "$(forwarded user@sender.example.net)" "user@sender.example.net someone@outside.example"
postconf -e 'sender_canonical_maps = inline:{ old@sender.example.net=new@sender.example.net }'
ok "tables that rewrite headers, too: refused" grep -q "sender_canonical_classes contains header_sender" <<<"$(refused srs.enabled on)"
is "and nothing was saved" "$(mailauthctl server get srs.enabled)" off
is "no secret either" "$(mailauthctl server get srs.secret) $?" " 0"
postconf -e 'sender_canonical_classes = envelope_sender' 'recipient_canonical_maps = tcp:127.0.0.1:10002'
ok "another SRS service: refused" grep -q "appears to be another SRS service" <<<"$(refused srs.enabled on)"
postconf -X recipient_canonical_maps
postfix reload >/dev/null 2>&1
ok "a domain that is not accepted here: refused" \
	grep -q "does not accept mail for bare.example.test" <<<"$(refused srs.enabled on srs.domain bare.example.test)"

# Another program has the port: said with its name, and no mail waits for a table that main.cf does not name.
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 10001)); time.sleep(1000)' &
holder=$!
listens() { ss -Hltn "sport = :$1" | grep -q .; }
wait_for listens 10001
ok "a port that is taken is named, and who has it" \
	grep -q "port 10001 is in use by python3 (process $holder)" <<<"$(refused srs.enabled on srs.domain srs.example.test)"
is "mail flows" "$(forwarded user@sender.example.net)" "user@sender.example.net someone@outside.example"
status=$(mailauthctl mta status)
ok "the daemon is missed" grep -q "^ *postsrsd *no *not running, and not in use yet" <<<"$status"
fails "but no mail waits for it" grep -q -e "mail may be delayed" -e "is not running, and Postfix defers" <<<"$status"
ok "doctor says the same" grep -q "postsrsd is not running, and not in use yet" <<<"$(mailauthctl doctor services)"
kill $holder
wait $holder 2>/dev/null
set_server srs.enabled off
mailauthctl server unset srs.domain
cp -a /etc/postfix/main.cf /tmp/main.cf

# ---- on --------------------------------------------------------------------------------------------

mailauthctl server set srs.enabled on srs.domain srs.example.test 2>/tmp/warnings
is "srs.enabled on" "$(mailauthctl server get srs.enabled)" on
mailauthctl server set srs.enabled on srs.domain bare.example.test --dry-run >/dev/null 2>/tmp/warnings.bare
is "domains of this server that are not in the database are warned about" "$(sed -n 's/.*main.cf lists \(.*\) as this server.s own.*domain add \([^"]*\)".*/\1 \2/p' /tmp/warnings)" \
	"example.test example.test"
is "that nothing starts it again is said, once" "$(grep -c "systemd is not running on this host" /tmp/warnings)" 1
ok "Return-Path is warned about" grep -q "Return-Path.*local_transport = local" /tmp/warnings
ok "SPF of the SRS domain is checked" grep -q "(8.8.8.8) does not pass SPF: fail" /tmp/warnings
ok "the way back is looked up" grep -q "bare.example.test, the SRS domain, has neither an MX record nor an address" /tmp/warnings.bare
fails "which there is for ours" grep -q "no MX" /tmp/warnings
is "kept 0600" "$(stat -c '%a %U' /etc/postsrsd.secret)" "600 root"
srs=$(forwarded user@sender.example.net)
is "forwarded with an SRS address" "$(shape <<<"$srs")" \
	"SRS0=HHHH=TT=sender.example.net=user@srs.example.test someone@outside.example"
srs=${srs% *}
bounce() { # SRS address: null sender and who gets it
	swaks --server 192.0.2.1 --local-interface 192.0.2.5 --from '<>' --to "$1" >/tmp/swaks.log 2>&1
	arrived sink
}
is "its bounce comes back" "$(bounce "$srs")" " user@sender.example.net"
is "ours is not rewritten" "$(forwarded user@example.com)" "user@example.com someone@outside.example"
is "nor an alias" "$(forwarded user@example.org)" "user@example.org someone@outside.example"
is "what is below it is" "$(forwarded user@sub.example.com | shape)" \
	"SRS0=HHHH=TT=sub.example.com=user@srs.example.test someone@outside.example"
# What postsrsd can make no address of: sender as it is on the wire, and as it leaves.
on_the_wire() { # sender
	python3 - "$1" <<'PY'
import socket, sys
s = socket.create_connection(('192.0.2.1', 25), 20, ('192.0.2.5', 0))
replies = s.makefile('rb')
replies.readline()
for line in ('HELO mail.example', 'MAIL FROM:<%s>' % sys.argv[1], 'RCPT TO:<forward@example.test>', 'DATA',
             'Subject: x\r\n\r\nx\r\n.', 'QUIT'):
    s.sendall(line.encode() + b'\r\n')
    if not replies.readline().startswith((b'2', b'3')):
        print('refused:', line)
PY
	wait_for has_arrived sink || return
	sed -nE 's/^MAIL FROM:<(.*)>.*/\1/p' /tmp/sink/*
	rm -f /tmp/sink/*
}
for sender in '"a b"@sender.example.net' '"a@b"@sender.example.net' '"a\"b"@sender.example.net' '"a,b"@sender.example.net' \
	'"a..b"@sender.example.net' '""@sender.example.net' 'user@[192.0.2.7]' 'user@[IPv6:2001:db8::7]' '"a b"@[192.0.2.7]'; do
	is "stays as it is: $sender" "$(on_the_wire "$sender")" "$sender"
done
for sender in "o'n+x=y%z" 'a!b' 'a/b' 'a.b' '"quoted.for.nothing"'; do
	is "is rewritten: $sender" "$(on_the_wire "$sender@sender.example.net" | shape)" \
		"SRS0=HHHH=TT=sender.example.net=$(tr -d '"' <<<"$sender")@srs.example.test"
done
long=$(printf 'l%.0s' {1..60})
is "a long one grows over 64 octets" "$(on_the_wire "$long@sender.example.net" | shape)" "SRS0=HHHH=TT=sender.example.net=$long@srs.example.test"
is "an admin's own table goes on" "$(forwarded old@sender.example.net | shape)" \
	"SRS0=HHHH=TT=sender.example.net=new@srs.example.test someone@outside.example"
deliver 192.0.2.5 user@sender.example.net
ok "headers are left alone" grep -q '^From: user@sender.example.net' /tmp/message
postconf -e mailbox_transport=lmtp:unix:private/sink
postfix reload >/dev/null 2>&1
is "delivered over LMTP with its sender" "$(pass user@sender.example.net inbox@example.test lmtp)" \
	"user@sender.example.net inbox@example.test"
mailauthctl server set srs.enabled on 2>/tmp/warnings
fails "and nothing is warned about" grep -q Return-Path /tmp/warnings
mailauthctl server set srs.enabled on srs.exclude-domains example.test 2>/tmp/warnings
fails "nor a domain that somebody listed" grep -q "main.cf lists" /tmp/warnings
ok "unset" mailauthctl server unset srs.exclude-domains
postconf -e 'virtual_alias_domains = virtual.example, example.com' 'virtual_mailbox_domains = /etc/postfix/boxes'
printf '# no.example\nbox.example\n' >/etc/postfix/boxes
ok "the others are named" grep -q 'domain add example.test virtual.example box.example"' <<<"$(mailauthctl mta status)"
postconf -X virtual_alias_domains virtual_mailbox_domains
# mail that no table sees
postconf -P 'smtp/inet/receive_override_options=no_address_mappings'
mailauthctl server set srs.enabled on --dry-run >/dev/null 2>/tmp/warnings
ok "a service whose mail SRS misses is warned about" grep -q "smtp/inet has receive_override_options.*not rewritten for SRS" /tmp/warnings
postconf -PX 'smtp/inet/receive_override_options'
mailauthctl server set srs.enabled on --dry-run >/dev/null 2>/tmp/warnings
fails "and not without it" grep -q "not rewritten for SRS" /tmp/warnings

# ---- domains come and go ---------------------------------------------------------------------------

is "a foreign domain" "$(forwarded user@new.example | shape)" "SRS0=HHHH=TT=new.example=user@srs.example.test someone@outside.example"
ok "becomes ours" mailauthctl domain add new.example 2>/tmp/notes
fails "with nothing said of the host again" grep -q -e systemd -e "main.cf lists" /tmp/notes
is "and is left alone at once" "$(forwarded user@new.example)" "user@new.example someone@outside.example"
ok "and goes" mailauthctl --no-push domain remove new.example
ok "by a push of its own" mailauthctl mta push 2>/tmp/notes
fails "which repeats nothing either" grep -q -e systemd -e "main.cf lists" /tmp/notes
ok "status has it" grep -q "systemd is not running on this host" <<<"$(mailauthctl mta status)"
is "and is rewritten at once" "$(forwarded user@new.example | shape)" "SRS0=HHHH=TT=new.example=user@srs.example.test someone@outside.example"
set_server srs.exclude-domains .kept.example
is "what somebody listed is left alone" "$(forwarded user@a.kept.example)" "user@a.kept.example someone@outside.example"
seq -f '%.0f.a-very-long-label-that-makes-the-list-too-long-for-one-argument.example' 2000 >/tmp/many
ok "more than an argument takes: refused with the figure" \
	grep -qE '20[0-9]{2} domains require 1[0-9]{5}' <<<"$(mailauthctl domain add --domains-from /tmp/many 2>&1)"
is "and nothing was saved" "$(mailauthctl domain list --format tsv | cut -f 1 | tail -n +2 | tr '\n' ' ')" "example.com example.org "

# ---- the secret --------------------------------------------------------------------------------------

old=$(mailauthctl server get srs.secret)
ok "a fingerprint is shown" grep -qE '^SHA256:[0-9a-f]{16}$' <<<"$old"
secret=$(head -1 /etc/postsrsd.secret)
set_server srs.secret generate
fails "another signs" test "$(head -1 /etc/postsrsd.secret)" = "$secret"
fails "and shows as another" test "$(mailauthctl server get srs.secret)" = "$old"
is "an old address still comes back" "$(bounce "$srs")" " user@sender.example.net"
ok "forwarding goes on" has_lines <(forwarded user@sender.example.net) "=sender.example.net=user@srs.example.test"
printf 'a-secret-of-another-host-0123\n' | mailauthctl server set srs.secret - >/tmp/set.log 2>&1
is "one by standard input signs" "$(head -1 /etc/postsrsd.secret)" a-secret-of-another-host-0123
is "on the command line: refused" "$(mailauthctl server set srs.secret a-secret-of-another-host-0124 2>&1 | grep -c 'must be generate')" 1
is "the admin's own still verifies" "$(tail -c +1 /etc/postsrsd.secret | tail -1)" "$(cat /tmp/postsrsd.secret)"
for place in /var/lib/mailauthctl/target.db* /var/log/mail.log /etc/default/postsrsd; do
	fails "no secret in $(basename "$place")" grep -aqF -e "$secret" -e a-secret-of-another-host "$place"
done
fails "nor in the audit trail" grep -qF -e "$secret" -e a-secret-of <<<"$(mailauthctl audit list --json; mailauthctl config export 2>/dev/null; mailauthctl server list --json)"

# ---- the daemon --------------------------------------------------------------------------------------

gone() { ! pgrep -x postsrsd; }
kill_daemon() {
	/etc/init.d/postsrsd stop
	pkill -x postsrsd # of this namespace: what is left serves open connections
	wait_for gone
}
before=$(grep -c 'connect to TCP map' /var/log/mail.log)
kill_daemon >/dev/null 2>&1
asks_again() { [ "$(grep -c 'connect to TCP map' /var/log/mail.log)" -gt "$before" ]; }
forwarded user@sender.example.net >/tmp/during &
sending=$!
wait_for asks_again
status=$(mailauthctl mta status)
/etc/init.d/postsrsd start >/dev/null 2>&1
wait $sending
is "mail during a restart waits" "$(shape </tmp/during)" \
	"SRS0=HHHH=TT=sender.example.net=user@srs.example.test someone@outside.example"
ok "a dead one is an alarm" grep -q "^ *postsrsd *no *required but not running" <<<"$status"
ok "with its reason" grep -q "postsrsd is not running, and Postfix defers all mail without it" <<<"$status"
is "a living one is none" "$(mailauthctl --json mta status | jq -c .services)" \
	'[{"service":"postsrsd","running":true,"alarm":null}]'
kill_daemon >/dev/null 2>&1
ok "a push starts it" mailauthctl mta push
is "and mail is forwarded again" "$(forwarded user@sender.example.net | shape)" \
	"SRS0=HHHH=TT=sender.example.net=user@srs.example.test someone@outside.example"

# A PID file that names a process which has ended, but has its number still; and one of that name that
# does not listen, as connections leave it.
kill_daemon >/dev/null 2>&1
python3 - <<'PY' &
import os, time
name = lambda: open('/proc/self/comm', 'w').write('postsrsd')
orphan = os.fork()
if orphan == 0:
    name()
    time.sleep(1000)
ended = os.fork()
if ended == 0:
    name()
    os._exit(0)
open('/run/postsrsd.pid', 'w').write('%d\n' % ended)
open('/tmp/orphan', 'w').write('%d\n' % orphan)
time.sleep(1000)
PY
parent=$!
wait_for test -s /tmp/orphan
ok "a push is not taken in by either" mailauthctl mta push
is "and mail is forwarded" "$(forwarded user@sender.example.net | shape)" \
	"SRS0=HHHH=TT=sender.example.net=user@srs.example.test someone@outside.example"
kill $parent "$(cat /tmp/orphan)"

# ---- off ---------------------------------------------------------------------------------------------

set_server srs.enabled off
fails "main.cf names nothing of ours" grep -q mailauth_ /etc/postfix/main.cf
ok "the daemon ends" gone
is "forwarded as it came, again" "$(forwarded user@sender.example.net)" "user@sender.example.net someone@outside.example"
ok "a rollback brings it back" mailauthctl mta rollback --yes
is "with its address" "$(forwarded user@sender.example.net | shape)" \
	"SRS0=HHHH=TT=sender.example.net=user@srs.example.test someone@outside.example"
ok "and a push ends it" mailauthctl mta push
ok "once more" gone
set_server srs.enabled on
is "on again, an old address still comes back" "$(bounce "$srs")" " user@sender.example.net"
postconf -X mailbox_transport
ok "mta push --remove" mailauthctl mta push --remove --yes
for file in /etc/default/postsrsd /etc/postsrsd.secret /etc/postfix/main.cf; do
	ok "$file is what it was" cmp "$file" "/tmp/$(basename "$file")"
done
is "and mail flows" "$(forwarded user@sender.example.net)" "user@sender.example.net someone@outside.example"
done_testing
