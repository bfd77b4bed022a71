# Who signs, and what a signer must be told: macros that an admin's lists keep back, his own signers,
# and what becomes of the domains that they sign for.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

python3 /e2e/servers.py logins &
wait_for test -S /var/spool/postfix/private/auth
postconf -e mynetworks='127.0.0.0/8 [::1]/128' smtpd_sasl_auth_enable=yes \
	smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth smtpd_error_sleep_time=0
postconf -M 'submission/inet=submission inet n - y - - smtpd'
postconf -P submission/inet/smtpd_client_restrictions=permit_sasl_authenticated,reject
postfix reload >/dev/null 2>&1

# From a customer's line at home, by the port.
from_customer() {
	deliver 198.51.100.2 user@example.com --auth PLAIN --auth-user user --auth-password p \
		--server "192.0.2.1:${1:-25}"
}
signed_once() { from_customer "${1:-25}" && [ "$(signatures)" = "d=example.com s=default" ] && verifies; }
said() { grep -qE "$1" /tmp/said || { cat /tmp/said; return 1; }; }
tell() { "$@" >/tmp/said 2>&1; }
refused() { ! tell "$@"; }

# ---- macros -----------------------------------------------------------------------------------------

# As docker-mailserver and others set it.
postconf -e 'milter_mail_macros = i {mail_addr} {client_addr} {client_name} {auth_authen}' \
	milter_protocol=2 milter_default_action=accept milter_connect_timeout=1s milter_connect_macros= \
	milter_command_timeout=1s milter_content_timeout=1s
cp -a /etc/postfix /srv/before
ok "adopted" tell mailauthctl mta adopt --yes
mailauthctl server set zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null
ok "a domain signs" tell mailauthctl domain enable-dkim example.com
wait_for is_served default._domainkey.example.com
ok "a customer's mail through port 25 is signed" signed_once
ok "and through submission" signed_once 587
is "Postfix reads the list as meant" "$(postconf -xh milter_mail_macros)" \
	"i {mail_addr} {client_addr} {client_name} {auth_authen}, {auth_type}"
deliver 198.51.100.2 user@example.com
is "a stranger's is not" "$(signatures)" ""
ok "doctor is content" mailauthctl doctor services overrides
sed -i 's/, \$mailauth_mail_macros//' /etc/postfix/main.cf
fails "an admin who takes ours out of his list is told" mailauthctl doctor overrides
fails "and nothing is pushed over it" mailauthctl server set mta.trusted-relays 203.0.113.9
ok "until he says so" tell mailauthctl mta push --force

# One service has a list of its own: there the line is said.
postconf -P 'submission/inet/milter_mail_macros=i,{mail_addr}'
postfix reload >/dev/null 2>&1
ok "a list of a service's own: still pushed" tell mailauthctl mta push
mailauthctl server set mta.trusted-relays 203.0.113.10
from_customer 587
is "its customers' mail is not signed" "$(signatures)" ""
ok "status says which" sh -c 'mailauthctl mta status | grep -q "submission/inet in master.cf sets milter_mail_macros without {auth_type}"'
remedy=$(mailauthctl --json doctor overrides |
	jq -r '.. | objects | select((.finding // "") | test("milter_mail_macros")) | .remedy')
is "doctor has one remedy" "$(printf '%s\n' "$remedy" | grep -c postconf)" 1
ok "which can be carried out as it is printed" eval "$remedy"
ok "and helps" signed_once 587
is "nothing more is found" "$(mailauthctl doctor overrides 2>&1 | grep -c milter_mail_macros)" 0
postconf -PX submission/inet/milter_mail_macros
postfix reload >/dev/null 2>&1

ok "all of it goes" tell mailauthctl mta push --remove
ok "byte for byte" diff -r /srv/before /etc/postfix
postconf -e milter_macro_defaults=auth_type=TLS
ok "a default that makes everybody look logged in is refused" refused mailauthctl mta adopt --yes
ok "with its reason" said 'milter_macro_defaults of smtp/inet gives every client'
postconf -X milter_macro_defaults
sed -i '$a MTA mx.example.test' /etc/opendkim.conf
postconf -X milter_connect_macros
pkill -USR1 -x opendkim
ok "a signer that signs for whoever Postfix takes mail from is refused" refused mailauthctl mta adopt --yes
ok "with the keywords" said 'what a stranger sends: look for MTA, MacroList and InternalHosts'
sed -i '/^MTA/d' /etc/opendkim.conf
for name in $(postconf -n | sed -n 's/^\(milter_[a-z_]*\) =.*/\1/p'); do postconf -X "$name"; done
ok "without it the server is adopted" tell mailauthctl mta adopt --yes
ok "a customer's mail is signed" signed_once 587

done_testing
