# Going back to an earlier push on running servers, and edits by somebody else: what is in force is
# seen in mail.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd

from_us() { deliver 127.0.0.1 "user@$1" && signatures; }
from_elsewhere() {
	sign_foreign user@sender.example.net
	deliver 192.0.2.5 user@sender.example.net --data @/tmp/signed
}
results() { header Authentication-Results | grep -oE '^mx.example.test|dkim=[a-z]+' | paste -sd' '; }
status_json() { mailauthctl --json mta status || echo "status $?"; }
held() { status_json | grep -cE '"held": true|^status [^0]'; }
drift() { status_json | sed -nE 's/.*"path": "([^"]*)", "parameter": ("?[^",]*).*/\1 \2/p' | tr -d '"'; }

printf '\n# ours\nsmtpd_milters = { inet:127.0.0.1:9999, default_action=accept, connect_timeout=1s }\n' >>/etc/postfix/main.cf
cp /etc/postfix/main.cf /srv/main.cf.before
cp /etc/opendkim.conf /srv/opendkim.conf.before

# ---- pushes 1 to 5 --------------------------------------------------------------------------------

ok "mta adopt" mailauthctl mta adopt --yes
ok "records count as public" mailauthctl server set dkim.activate now mta.hostname mx.example.test zone.reload true
for name in example.com example.org; do
	ok "$name signs" mailauthctl domain enable-dkim --quiet $name
done
last() { mailauthctl --json mta history | sed -nE 's/.*"id": ([0-9]+).*/\1/p' | head -1; }
both=$(last)
is "example.org is signed" "$(from_us example.org)" "d=example.org s=default"
ok "example.org signs no more" mailauthctl domain disable-dkim example.org
is "it is unsigned" "$(from_us example.org)" ""
ok "neither does anybody, nor is anything verified" mailauthctl server set dkim.sign off dkim.verify off spf.check off
none=$(last)
is "everybody is unsigned" "$(from_us example.com)" ""
from_elsewhere
is "nothing is verified" "$(results)" ""
is "main.cf is as it was" "$(cat /etc/postfix/main.cf)" "$(cat /srv/main.cf.before)"

# ---- back -----------------------------------------------------------------------------------------

mailauthctl --dry-run mta rollback >/tmp/plan 2>&1
ok "a dry run shows the filter" grep -F "# opendkim: " /tmp/plan
ok "and main.cf" grep -F '+mailauth_milter' /tmp/plan
is "and changes nothing" "$(cat /etc/postfix/main.cf)" "$(cat /srv/main.cf.before)"
ok "mta rollback" mailauthctl mta rollback --yes
is "example.com is signed again" "$(from_us example.com)" "d=example.com s=default"
is "example.org is not" "$(from_us example.org)" ""
from_elsewhere
is "what comes in is verified again" "$(results)" "mx.example.test dkim=pass"
is "pushes are held" "$(held)" 1
ok "a change is saved" mailauthctl server set mta.signing-networks 198.51.100.0/24
is "and nothing else" "$(from_us example.com)" "d=example.com s=default"
ok "saved only, it says" mailauthctl server unset mta.signing-networks
ok "further back, once more" mailauthctl mta rollback --yes
is "example.org is signed, too" "$(from_us example.org)" "d=example.org s=default"
ok "forth, by its number" mailauthctl mta rollback --yes "$none"
is "main.cf is as it was" "$(cat /etc/postfix/main.cf)" "$(cat /srv/main.cf.before)"
is "opendkim.conf, too" "$(cat /etc/opendkim.conf)" "$(cat /srv/opendkim.conf.before)"
is "nobody is signed" "$(from_us example.org)" ""

# ---- with edits of the admin's since then ---------------------------------------------------------

sed -i 's/^# ours/# ours, and edited/; s/, connect_timeout=1s }$/ }, inet:127.0.0.1:9998/' /etc/postfix/main.cf
postconf -e milter_default_action=accept 'header_size_limit=102401'
postfix reload >/dev/null 2>&1
ok "back by number" mailauthctl mta rollback --yes "$both"
is "signed, behind the admin's edits" "$(from_us example.org)" "d=example.org s=default"
ok "his comment is there" grep -x '# ours, and edited' /etc/postfix/main.cf
ok "and his second milter" grep -F 'inet:127.0.0.1:9998' /etc/postfix/main.cf
is "and his other settings" "$(postconf -h header_size_limit)" 102401

# ---- a rollback that fails is undone --------------------------------------------------------------

ok "to where nobody needs the filter" mailauthctl mta rollback --yes "$none"
cp /etc/postfix/main.cf /srv/main.cf.now
ok "what tells the servers is broken" mailauthctl server set mta.reload /bin/false
fails "a rollback fails" mailauthctl mta rollback --yes "$both"
ok "it is whole again" mailauthctl server unset mta.reload
is "main.cf is what it was" "$(cat /etc/postfix/main.cf)" "$(cat /srv/main.cf.now)"
is "mail flows" "$(from_us example.com)" ""
mailauthctl --json mta history >/tmp/history
ok "the history says so" grep -F '"outcome": "undone"' /tmp/history
pgrep -x opendkim >/dev/null || start_opendkim

# ---- the end of the hold, a key that is gone ------------------------------------------------------

ok "mta push" mailauthctl mta push
is "the hold is over" "$(held)" 0
is "nobody is signed" "$(from_us example.com)" ""
ok "on again" mailauthctl server set dkim.sign on dkim.verify on
is "example.com is signed" "$(from_us example.com)" "d=example.com s=default"
ok "the record of example.com leaves" mailauthctl domain disable-dkim example.com --now
ok "its zone" mailauthctl zone export --all
fails "no way back to its key" mailauthctl mta rollback --yes
mailauthctl mta rollback --yes 2>/tmp/refusal
ok "and why" grep -F 'mail of example.com was signed with the key default, which is no' /tmp/refusal

# ---- somebody else's edits ------------------------------------------------------------------------

is "no drift" "$(drift)" ""
postconf -e 'mailauth_milter = inet:127.0.0.1:7'
is "postconf -e on our parameter is seen" "$(drift)" "/etc/postfix/main.cf mailauth_milter"
fails "a change that would overwrite it" mailauthctl server set dkim.verify off
is "is not saved" "$(mailauthctl server get dkim.verify)" on
fails "nor does mta push" mailauthctl mta push
ok "--no-push saves" mailauthctl --no-push server set spf.continue-on-dns-error on
ok "mta push --force overwrites" mailauthctl mta push --force
is "no drift" "$(drift)" ""
cp /srv/main.cf.before /etc/postfix/main.cf
is "main.cf from a backup is drift" "$(drift)" "/etc/postfix/main.cf smtpd_milters"
fails "it is not overwritten either" mailauthctl mta push
ok "but by force" mailauthctl mta push --force
touch /etc/postfix/main.cf /etc/mailauthctl/opendkim.conf
is "what was only touched is none" "$(drift)" ""
from_elsewhere
is "incoming mail is verified" "$(results)" "mx.example.test dkim=pass"

done_testing
