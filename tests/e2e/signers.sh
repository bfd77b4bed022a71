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
connects() { (exec 3<>"/dev/tcp/$1/$2"); }
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
mailauthctl doctor overrides >/tmp/found 2>&1
is "nothing more is found" "$? $(grep -c milter_mail_macros /tmp/found)" "0 0"
postconf -PX submission/inet/milter_mail_macros
postfix reload >/dev/null 2>&1

ok "all of it goes" tell mailauthctl mta push --remove --yes
ok "byte for byte" diff -r /srv/before /etc/postfix
postconf -e milter_macro_defaults=auth_type=TLS
ok "a default that makes everybody look logged in is refused" refused mailauthctl mta adopt --yes
ok "with its reason" said 'milter_macro_defaults of smtp/inet sets {auth_type} for every client'
postconf -X milter_macro_defaults
sed -i '$a MTA mx.example.test' /etc/opendkim.conf
postconf -X milter_connect_macros
pkill -USR1 -x opendkim
ok "a signer that signs for whoever Postfix takes mail from is refused" refused mailauthctl mta adopt --yes
ok "with the keywords" said ': check MTA, MacroList and InternalHosts'
sed -i '/^MTA/d' /etc/opendkim.conf
for name in $(postconf -n | sed -n 's/^\(milter_[a-z_]*\) =.*/\1/p'); do postconf -X "$name"; done
ok "without it the server is adopted" tell mailauthctl mta adopt --yes
ok "a customer's mail is signed" signed_once 587


# ---- a filter of the admin's that signs -------------------------------------------------------------

mailauthctl mta push --remove --yes >/dev/null 2>&1
rm -rf /var/lib/mailauthctl /etc/mailauthctl
cp -a /etc/opendkim.conf /srv/opendkim.conf
mkdir -p /etc/opendkim/keys
for name in one.example two.example; do
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /etc/opendkim/keys/$name.pem 2>/dev/null
done
chown -R opendkim:opendkim /etc/opendkim/keys
chmod 0600 /etc/opendkim/keys/*
: >/etc/opendkim/KeyTable
: >/etc/opendkim/SigningTable
cat >>/etc/opendkim.conf <<'CONF'
KeyTable refile:/etc/opendkim/KeyTable
SigningTable refile:/etc/opendkim/SigningTable
CONF
restart_opendkim() {
	pkill -x opendkim
	wait_for sh -c '! pgrep -x opendkim'
	start_opendkim
	wait_for test -S "$(sed -nE 's/^Socket[[:space:]]+local://p' /etc/opendkim.conf | tail -1)"
}
restart_opendkim
cp -a /etc/opendkim.conf /srv/opendkim.tables
ok "empty tables sign for nobody: adopted" tell mailauthctl mta adopt --yes
ok "and taken out" tell mailauthctl mta push --remove --yes
ok "byte for byte" cmp /srv/opendkim.tables /etc/opendkim.conf

cat >/etc/opendkim/KeyTable <<'TABLE'
first one.example:mail:/etc/opendkim/keys/one.example.pem
second two.example:s2020:/etc/opendkim/keys/two.example.pem
third three.example:gone:/etc/opendkim/keys/three.example.pem
TABLE
cat >/etc/opendkim/SigningTable <<'TABLE'
*@one.example first
two.example second
*@three.example third
TABLE
rm -rf /var/lib/mailauthctl /etc/mailauthctl
restart_opendkim
ok "a filter that signs is not replaced unasked" refused mailauthctl mta adopt --yes
ok "its domains are named" said 'already signs for one.example, two.example, three.example'
ok "with --replace-filter they are named before the question" \
	sh -c 'mailauthctl --dry-run mta adopt --replace-filter >/tmp/plan 2>/tmp/said'
ok "those whose key comes over" said 'one.example is still signed with the selector mail'
ok "and those that stop" said 'mail of three.example is no longer signed: '
ok "nothing was changed" test ! -e /var/lib/mailauthctl/mailauthctl.db
ok "adopted" tell mailauthctl mta adopt --yes --replace-filter
as_customer() { # domain
	deliver 198.51.100.2 "user@$1" --auth PLAIN --auth-user user --auth-password p
}
as_customer one.example
is "the first domain goes on signing with its selector" "$(signatures)" "d=one.example s=mail"
as_customer two.example
is "the second one too" "$(signatures)" "d=two.example s=s2020"
is "with the same key" \
	"$(openssl pkey -in /etc/dkimkeys/two.example/s2020.private -pubout | sha256sum)" \
	"$(openssl pkey -in /etc/opendkim/keys/two.example.pem -pubout | sha256sum)"
as_customer three.example
is "the third one does not" "$(signatures)" ""
ok "nothing is pending" mailauthctl mta plan
ok "taken out" tell mailauthctl mta push --remove --yes
ok "his configuration is as it was" cmp /srv/opendkim.tables /etc/opendkim.conf
cp -a /srv/opendkim.conf /etc/opendkim.conf
rm -rf /var/lib/mailauthctl /etc/mailauthctl

# One key for one domain, without tables; a table in a database.
cat >>/etc/opendkim.conf <<'CONF'
Domain one.example
Selector mail
KeyFile /etc/opendkim/keys/one.example.pem
CONF
restart_opendkim
ok "Domain, Selector, KeyFile: refused" refused mailauthctl mta adopt --yes
ok "and named" said 'already signs for one.example'
ok "taken over" tell mailauthctl mta adopt --yes --replace-filter
as_customer one.example
is "it goes on signing" "$(signatures)" "d=one.example s=mail"
ok "taken out again" tell mailauthctl mta push --remove --yes
cp -a /srv/opendkim.conf /etc/opendkim.conf
rm -rf /var/lib/mailauthctl /etc/mailauthctl
cat >>/etc/opendkim.conf <<'CONF'
KeyTable dsn:mysql://u:p@h/d/table=keys?keycol=id?datacol=key
SigningTable dsn:mysql://u:p@h/d/table=sign?keycol=id?datacol=key
CONF
ok "tables that cannot be read: refused" refused mailauthctl mta adopt --yes
ok "and said" said 'domains that cannot be determined'
ok "with --replace-filter" sh -c 'mailauthctl --dry-run mta adopt --replace-filter >/tmp/plan 2>/tmp/said'
ok "they are named" said 'is no longer signed: the table dsn:mysql: cannot be read'
fails "without the password in them" grep -q 'u:p@' /tmp/said
cp -a /srv/opendkim.conf /etc/opendkim.conf
restart_opendkim

# ---- further signers --------------------------------------------------------------------------------

# rspamd signs for the domains that have a key in its folder.
mkdir -p /etc/rspamd/local.d /var/lib/rspamd/dkim
cp /etc/opendkim/keys/one.example.pem /var/lib/rspamd/dkim/one.example.dkim.key
: >/etc/rspamd/local.d/dkim_signing.conf
postconf -e smtpd_milters=inet:127.0.0.1:11332 milter_default_action=accept
postfix reload >/dev/null 2>&1
ok "rspamd signs: adopted" tell mailauthctl mta adopt --yes
ok "and told" said 'rspamd signs for one.example: .*enabled = false'
mailauthctl mta push --remove --yes >/dev/null 2>&1
mailauthctl domain enable-dkim one.example >/dev/null 2>&1
ok "a domain that would be signed twice: refused" refused mailauthctl mta adopt --yes
ok "with what to do" said 'mail of one.example would be signed twice: write "enabled = false;"'
ok "goes on with a word" tell mailauthctl mta adopt --yes --replace-filter
mailauthctl mta push --remove --yes >/dev/null 2>&1
echo 'enabled = false;' >/etc/rspamd/local.d/dkim_signing.conf
ok "one that is switched off is none" tell mailauthctl mta adopt --yes
fails "and not told of" said 'rspamd signs'
mailauthctl mta push --remove --yes >/dev/null 2>&1
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
ok "beside ours it verifies, too" tell mailauthctl mta adopt --yes
ok "and told of" said 'names inet:127.0.0.1:11332, which verifies mail too'
mailauthctl mta push --remove --yes >/dev/null 2>&1
echo 'use = ["x-spamd-bar", "authentication-results"];' >/etc/rspamd/local.d/milter_headers.conf
ok "one that writes results" tell mailauthctl mta adopt --yes
is "removes ours, as mta status says" "$(mailauthctl mta status 2>&1 | grep -c 'rspamd writes Authentication-Results')" 1
ok "doctor has what to do" sh -c 'mailauthctl doctor overrides 2>&1 | tr -s " \n" " " |
	grep -q "rspamd writes Authentication-Results: .*take authentication-results out of \"use\" in /etc/rspamd/local.d/milter_headers.conf"'
mailauthctl mta push --remove --yes >/dev/null 2>&1
rm -r /usr/local/libexec/mailauthctl
postconf -X smtpd_milters milter_default_action
rm -rf /etc/rspamd

mkdir -p /etc/amavis/conf.d
cat >/etc/amavis/conf.d/50-user <<'CONF'
$enable_dkim_signing = 1;
dkim_key('one.example', 'dkim', '/var/lib/dkim/one.example.pem');
CONF
ok "amavis signs: refused where it would be twice" refused mailauthctl mta adopt --yes
ok "with what to do" said 'amavis already signs for one.example.*enable_dkim_signing = 0 in /etc/amavis/conf.d/50-user'
rm -rf /etc/amavis

# A second OpenDKIM with a configuration that nobody knows: it is asked.
cat >/srv/second.conf <<'CONF'
Socket inet:8899@127.0.0.1
UserID opendkim
PidFile /run/second.pid
Domain one.example
Selector other
KeyFile /etc/opendkim/keys/one.example.pem
CONF
opendkim -x /srv/second.conf
wait_for connects 127.0.0.1 8899
postconf -e smtpd_milters=inet:127.0.0.1:8899
ok "a filter that is seen to sign: refused" refused mailauthctl mta adopt --yes
ok "with its socket" said 'inet:8899@127.0.0.1 already signs for one.example'
postconf -X smtpd_milters
ok "without it the server is adopted" tell mailauthctl mta adopt --yes

done_testing
