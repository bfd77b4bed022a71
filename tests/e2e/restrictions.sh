# The SPF service among an admin's lists of restrictions: who may relay before may relay afterwards,
# nobody else may, and what is the admin's comes back byte for byte.
# shellcheck shell=bash
. /e2e/lib.sh

policyd=/usr/local/libexec/mailauthctl/mailauth-policyd
mkdir -p /srv/zones
cat >/srv/zones/sender.example.net.zone <<'ZONE'
$ORIGIN sender.example.net.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
@ TXT "v=spf1 ip4:198.51.100.1 -all"
soft TXT "v=spf1 ip4:198.51.100.1 ~all"
none A 198.51.100.1
ZONE
make_reload_command
start_nsd
sed -i -e '/^TrustAnchorFile/d' -e '$aNameservers 127.0.0.1' /etc/opendkim.conf
start_opendkim
start_postfix
# A login server for SASL: it takes every password.
cat >/usr/local/sbin/logins <<'PY'
import base64, socket, os
path = '/var/spool/postfix/private/auth'
s = socket.socket(socket.AF_UNIX); s.bind(path); os.chmod(path, 0o666); s.listen()
while True:
    c, _ = s.accept()
    if os.fork(): c.close(); continue
    c.sendall(b'VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n')
    for line in c.makefile('r'):
        w = line.rstrip('\n').split('\t')
        if w[0] == 'AUTH': c.sendall(('OK\t%s\tuser=user\n' % w[1]).encode())
PY
python3 /usr/local/sbin/logins &
postconf -e mynetworks='127.0.0.0/8 [::1]/128 198.51.100.9' mydestination='example.test, localhost' \
	smtpd_sasl_auth_enable=yes smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth \
	smtpd_hard_error_limit=100 default_transport=discard: relay_transport=discard:
postfix reload >/dev/null 2>&1
cp -a /etc/postfix /srv/postfix.plain

# The reply to RCPT TO: client, sender, recipient, further options of swaks.
rcpt() {
	local client=$1 sender=$2 recipient=$3
	shift 3
	swaks --server "${client/#198*/192.0.2.1}" --local-interface "$client" --helo mail.sender.example.net \
		--from "$sender" --to "$recipient" --quit-after RCPT "$@" 2>&1 |
		grep -A1 -E '^ -> RCPT' | sed -n '2s/^<[-~*]* *//p'
}
# Who may send to a foreign domain: a stranger, a neighbour of mynetworks, somebody logged in.
relaying() {
	local stranger neighbour login
	stranger=$(rcpt 198.51.100.2 a@sender.example.net x@foreign.example)
	neighbour=$(rcpt 198.51.100.9 a@sender.example.net x@foreign.example)
	login=$(rcpt 198.51.100.2 a@sender.example.net x@foreign.example --auth PLAIN --auth-user user --auth-password p)
	echo "${stranger:0:3} ${neighbour:0:3} ${login:0:3}"
}
stranger_is_refused() { [[ $(relaying) == [45]* ]]; }

fails "without mailauth-policyd there is no SPF service" test -e $policyd
ok "and mta adopt works" mailauthctl mta adopt --yes
mailauthctl --json mta status >/tmp/status
is "mta status says it" "$(jq -r '.features[] | select(.setting == "spf.check") | .state' /tmp/status)" \
	"saved, but not enforced: no SPF service; mailauth-policyd is not installed"
is "and names the missing file, for SPF and for DKIM" "$(jq -r '.notes[].note' /tmp/status | grep -c $policyd)" 2
install -D -m 0755 /e2e/mailauth-policyd $policyd
ok "the service is installed, mta push" mailauthctl mta push
is "now SPF is enforced" "$(mailauthctl --json mta status |
	jq -r '.features[] | select(.setting == "spf.check") | .supported, .state')" $'yes\nnull'
ok "mta push --remove" mailauthctl mta push --remove --yes
ok "restores all" diff -r /srv/postfix.plain /etc/postfix

# ---- each shape of the lists ----------------------------------------------------------------------

try_lists() { # name, line of main.cf ...
	local name=$1
	shift
	rm -rf /etc/postfix
	cp -a /srv/postfix.plain /etc/postfix
	sed -i '/^smtpd_relay_restrictions/d' /etc/postfix/main.cf
	printf '%b\n' "$@" >>/etc/postfix/main.cf
	cp -a /etc/postfix /srv/postfix.before
	postfix reload >/dev/null 2>&1
	ok "$name: a stranger may not relay" wait_for stranger_is_refused
	local before
	before=$(relaying)
	ok "$name: mta adopt" mailauthctl mta adopt --yes
	ok "$name: reject-fail" mailauthctl server set spf.mode reject-fail spf.check on
	is "$name: the same may relay as before" "$(relaying)" "$before"
	is "$name: a fail is refused" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test | cut -c1-10)" "550 5.7.23"
	is "$name: a pass is not" "$(rcpt 198.51.100.1 a@sender.example.net inbox@example.test | cut -c1-3)" 250
	is "$name: a neighbour is not checked" "$(rcpt 198.51.100.9 a@sender.example.net inbox@example.test | cut -c1-3)" 250
	is "$name: nor is who logs in" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test \
		--auth PLAIN --auth-user user --auth-password p | cut -c1-3)" 250
	is "$name: nothing is left to do" "$(mailauthctl mta plan 2>&1; echo $?)" 0
	ok "$name: neither SPF nor DKIM is checked" mailauthctl server set spf.check off dkim.verify off
	is "$name: the service is gone" "$(postconf -M mailauth-spf/unix 2>/dev/null)" ""
	fails "$name: so is its file" test -e /etc/mailauthctl/policyd.yaml
	is "$name: the same may relay" "$(relaying)" "$before"
	ok "$name: mta push --remove" mailauthctl mta push --remove --yes
	ok "$name: all is as it was" diff -r /srv/postfix.before /etc/postfix
	rm -rf /srv/postfix.before
	mailauthctl server unset dkim.verify spf.check spf.mode >/dev/null 2>&1
}
try_lists "nothing set"
try_lists "Debian's lines" \
	'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination'
try_lists "an empty list" 'smtpd_recipient_restrictions ='
try_lists "reject_unauth_destination" 'smtpd_relay_restrictions =' \
	'smtpd_recipient_restrictions =\n# relay first\n  permit_mynetworks,permit_sasl_authenticated,\n  reject_unauth_destination\n  check_recipient_access inline:{ nobody@example.test=reject }'
try_lists "no guard of its own" 'smtpd_recipient_restrictions = reject_non_fqdn_recipient, reject_unknown_recipient_domain, permit' \
	'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated reject_unauth_destination'

# ---- refused ----------------------------------------------------------------------------------------

rm -rf /etc/postfix
cp -a /srv/postfix.plain /etc/postfix
cat >>/etc/postfix/main.cf <<'CONF'
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
CONF
postfix reload >/dev/null 2>&1
ok "a list without a good place: mta adopt leaves SPF out" mailauthctl mta adopt --yes
is "with the line to write" "$(mailauthctl mta status | grep -c 'check_policy_service { unix:private/mailauth-spf,')" 1
fails "switched on by hand it is refused" mailauthctl server set spf.check on
is "and not saved" "$(mailauthctl --json server get spf.check | jq -r .source)" default
sed -i 's/^smtpd_recipient_restrictions.*/smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, check_policy_service { unix:private\/mailauth-spf, timeout=30s, try_limit=1, default_action=DUNNO }/' /etc/postfix/main.cf
reloads() { grep -c 'reload -- version' /var/log/mail.log; }
before=$(reloads)
ok "with the line written mta push" mailauthctl mta push
is "reloads Postfix, which reads it" "$(reloads)" "$((before + 1))"
is "and nothing is left to do" "$(mailauthctl mta plan 2>&1; echo $?)" 0
ok "it is switched on" mailauthctl server set spf.check on spf.mode reject-fail
is "and a fail is refused" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test | cut -c1-10)" "550 5.7.23"

# ---- settings reach the service, a broken one is taken back ----------------------------------------

ok "the explanation" mailauthctl server set spf.explanation 'No mail from %{i} for %{d}'
is "is in the reply" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test)" \
	"550 5.7.23 <inbox@example.test>: Recipient address rejected: No mail from 198.51.100.2 for sender.example.net"
ok "a trusted relay" mailauthctl server set mta.trusted-relays 198.51.100.2
is "is not checked" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test | cut -c1-3)" 250
ok "none" mailauthctl server unset mta.trusted-relays
ok "local rules" mailauthctl server set spf.local-rules ip4:198.51.100.2
is "let a relay of ours pass" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test | cut -c1-3)" 250
ok "mode 4 without local rules" mailauthctl server set spf.mode 4 spf.local-rules ''
is "softfail is refused" "$(rcpt 198.51.100.2 a@soft.sender.example.net inbox@example.test | cut -c1-10)" "550 5.7.23"
ok "headers only" mailauthctl server set spf.mode headers-only
ok "a message" deliver 198.51.100.2 a@sender.example.net
is "gets its header" "$(header Received-SPF | cut -d' ' -f1)" fail
ok "a message that passes" deliver 198.51.100.1 a@sender.example.net
is "gets one too" "$(header Received-SPF | cut -d' ' -f1)" pass
cp -a /etc/postfix /srv/postfix.good
ok "off" mailauthctl server set spf.check off dkim.verify off
ok "a message" deliver 198.51.100.2 a@sender.example.net
is "gets none" "$(header Received-SPF)" ""
cp -a /etc/postfix /srv/postfix.off
printf '#!/bin/sh\nexit 1\n' >$policyd.broken
chmod 0755 $policyd.broken
mv $policyd.broken $policyd # a process may still run the old one
fails "with a service that does not start it cannot be switched on" mailauthctl server set spf.check on
ok "and Postfix is as it was" diff -r /srv/postfix.off /etc/postfix
is "mail flows" "$(rcpt 198.51.100.2 a@sender.example.net inbox@example.test | cut -c1-3)" 250
done_testing
