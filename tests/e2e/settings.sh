# Settings switched to and fro against running servers: what each does is seen in mail.  What an SPF
# mode, a rule or an explanation does is in spf.sh, whose networks are signed in signing.sh, DMARC in
# dmarc.sh and SRS in srs.sh.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
python3 /e2e/servers.py logins &
wait_for test -S /var/spool/postfix/private/auth
cat >>/etc/postfix/master.cf <<'CONF'
submission inet n  -       y       -       -       smtpd
    -o smtpd_sasl_auth_enable=yes
    -o smtpd_sasl_type=dovecot
    -o smtpd_sasl_path=private/auth
CONF
postfix reload >/dev/null 2>&1

from_us() { deliver 127.0.0.1 user@example.com; }
from_customer() {
	deliver 192.0.2.5 user@example.com --server 192.0.2.1:587 --auth PLAIN --auth-user user --auth-password secret
}
from_elsewhere() {
	sign_foreign user@sender.example.net
	deliver 192.0.2.5 user@sender.example.net --data @/tmp/signed
}
results() { header Authentication-Results; }
set_server() { ok "server set $*" mailauthctl server set "$@"; }
set_domain() { ok "domain set example.com $*" mailauthctl domain set example.com "$@"; }

ok "mta adopt" mailauthctl mta adopt --yes
set_server zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
mailauthctl template add '<domain>.' NS '<hostname>.'
ok "enable-dkim" mailauthctl domain enable-dkim --quiet example.com

# ---- dkim.sign, dkim.verify -----------------------------------------------------------------------

ours() { from_us && signatures; }
theirs() { from_elsewhere && results | grep -oE '^mx.example.test|dkim=[a-z]+' | paste -sd' '; }
is "dkim.sign on: signed" "$(ours)" "d=example.com s=default"
is "dkim.verify on: checked" "$(theirs)" "mx.example.test dkim=pass"
set_server dkim.sign off
is "unsigned" "$(ours)" ""
is "still checked" "$(theirs)" "mx.example.test dkim=pass"
set_server dkim.verify off
is "unchecked" "$(theirs)" ""
set_server dkim.sign on
is "signed, but" "$(ours)" "d=example.com s=default"
is "not checked" "$(theirs)" ""
set_server dkim.verify on
is "checked again" "$(theirs)" "mx.example.test dkim=pass"
set_domain dkim.sign off
is "the domain's own wish counts" "$(ours)" ""
set_domain dkim.sign on
is "and back" "$(ours)" "d=example.com s=default"
# ---- names: authserv-id, algorithm, selector ------------------------------------------------------

set_server mta.hostname mail.example.test
is "the authserv-id is the setting's" "$(from_elsewhere && results | cut -d';' -f1 | sort -u)" mail.example.test
set_server mta.hostname mx.example.test
is "and back again" "$(from_elsewhere && results | cut -d';' -f1 | sort -u)" mx.example.test

set_server dkim.selector mail dkim.rsa-bits 1024
ok "a domain that is enabled now" mailauthctl domain enable-dkim --quiet second.example
ok "signs" deliver 127.0.0.1 user@second.example
is "with the selector of the setting" "$(signatures)" "d=second.example s=mail"
ok "verifies" verifies
is "and a key of that size" "$(served mail._domainkey.second.example | sed 's/.*p=//' | base64 -d |
	openssl pkey -pubin -inform DER -noout -text | head -1)" "Public-Key: (1024 bit)"
is "keys that were there stay" "$(ours)" "d=example.com s=default"
set_domain dkim.algorithm both
ok "enabled again" mailauthctl domain enable-dkim --quiet example.com
is "both: signed with RSA" "$(ours)" "d=example.com s=default"
ok "it verifies" verifies

# ---- an admin's milter that changes bodies --------------------------------------------------------

python3 /e2e/servers.py footer &
wait_for sh -c 'ss -ltn | grep -q 127.0.0.1:9900'
postconf -e smtpd_milters='inet:127.0.0.1:9900, $mailauth_smtpd_milters' \
	non_smtpd_milters='inet:127.0.0.1:9900, $mailauth_non_smtpd_milters'
ok "mta push" mailauthctl mta push --force
has_footer() { grep -q 'Sent by example.test' /tmp/message; }
is "first: mail from outside is checked as it came" "$(theirs)" "mx.example.test dkim=pass"
ok "and gets the footer after it" has_footer
ok "a customer's message" from_customer
ok "has the footer" has_footer
is "is signed" "$(signatures)" "d=example.com s=default"
ok "behind it: the signature verifies" verifies
ok "a local program's message" deliver_local user@example.com
ok "has the footer too" has_footer
ok "and verifies" verifies
set_server mta.filter-position last
is "last: mail is still verified as it came" "$(theirs)" "mx.example.test dkim=pass"
ok "a customer's message" from_customer
ok "verifies" verifies
set_server mta.filter-position first
is "first again" "$(theirs)" "mx.example.test dkim=pass"

# ---- taken back -------------------------------------------------------------------------------------

ok "mta push, with an SPF service now" mailauthctl mta push
last_of() { mailauthctl --json audit list --setting "$1" --limit 1 | sed -nE 's/.*"id": ([0-9]+).*/\1/p'; }
mode() { sed -n 's/^mode: //p' /etc/mailauthctl/policyd.yaml; }
before=$(mode)
set_server dkim.sign off spf.mode reject-fail
is "both are in force: unsigned" "$(ours)" ""
is "and the mode of SPF" "$(mode)" reject-fail
change=$(last_of spf.mode)
mailauthctl --dry-run audit undo "$change" >/tmp/plan
ok "a dry run shows the lines of its file" grep -x -e '-mode: reject-fail' /tmp/plan
is "and changes nothing" "$(mode)" reject-fail
ok "audit undo" mailauthctl audit undo "$change"
is "signed again" "$(ours)" "d=example.com s=default"
is "with the mode that it was" "$(mode)" "$before"
ok "audit undo of that" mailauthctl audit undo "$(last_of spf.mode)"
is "unsigned" "$(ours)" ""
is "and the mode" "$(mode)" reject-fail
set_server spf.mode reject-softfail
fails "it is another change's now" mailauthctl audit undo "$change"
is "and nothing was half taken back" "$(ours)" ""
done_testing
