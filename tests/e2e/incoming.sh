# Incoming mail on a server whose admin has milters, lists, a content filter and a linked main.cf of
# his own: what is verified, and that what is his stays.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd

# ---- what the admin had before --------------------------------------------------------------------

mkdir -p /etc/postfix/site
mv /etc/postfix/main.cf /etc/postfix/site/main.cf
ln -s site/main.cf /etc/postfix/main.cf
cat >>/etc/postfix/site/main.cf <<'CONF'

# ---- our site, do not touch ----
smtpd_recipient_restrictions =
# relay rules first
    permit_mynetworks,
	reject_unauth_destination
# the scanner, which is down today
smtpd_milters =
    { inet:127.0.0.1:9999, default_action=accept,
      connect_timeout=1s }
content_filter = scan:[127.0.0.1]:10026
CONF
cat >>/etc/postfix/master.cf <<'CONF'
# content filter: here it is the way back at once
scan      unix  -       -       n       -       10      smtp
127.0.0.1:10026 inet n  -       n       -       10      smtpd
    -o content_filter=
    -o receive_override_options=no_unknown_recipient_checks
# an appliance that cannot stand milters
192.0.2.9:2525 inet n   -       y       -       -       smtpd
    -o smtpd_milters=
CONF
postfix reload >/dev/null 2>&1
cp /etc/postfix/site/main.cf /srv/main.cf.before
cp /etc/postfix/master.cf /srv/master.cf.before
cp /etc/opendkim.conf /srv/opendkim.conf.before

ok "without SPF" mailauthctl server set spf.check off
fails "adopting without --yes and without a terminal is refused" mailauthctl mta adopt
ok "and changes nothing" cmp /srv/main.cf.before /etc/postfix/main.cf
mailauthctl --dry-run mta adopt >/tmp/plan 2>&1
ok "a dry run shows the new main.cf" grep -F '$mailauth_guard_milters' /tmp/plan
ok "and names the service that has no milters" grep '192.0.2.9:2525.*neither signed' /tmp/plan
ok "nothing is changed" cmp /srv/main.cf.before /etc/postfix/main.cf
adopt() { mailauthctl mta adopt --yes >/tmp/adopt 2>&1 || { cat /tmp/adopt; return 1; }; }
ok "mta adopt" adopt
ok "main.cf is still a link" test -L /etc/postfix/main.cf
others() { grep -v mailauth "$1"; }
# What is not ours: without our lines, and without our item in a list of the admin's.
others() { sed -E -e '/^# mailauthctl: begin/,/^# mailauthctl: end/d' -e 's/\$mailauth_[a-z_]+, //g; s/, \$mailauth_[a-z_]+//g' "$1"; }
is "the admin's lines are kept" "$(others /etc/postfix/main.cf)" "$(cat /srv/main.cf.before)"
is "his milter is still used" "$(postconf -hx smtpd_milters | grep -c 'inet:127.0.0.1:9999')" 1
is "after ours" "$(postconf -hx smtpd_milters | tr -d '\n' | grep -cE '^. unix:private/mailauth-spf, [^}]*}, *. inet:127.0.0.1:9999')" 1

# ---- verification ---------------------------------------------------------------------------------

results() { header Authentication-Results | grep '^mx.example.test;' | grep -oE 'dkim=[a-z]+' | paste -sd' '; }
sign_foreign a@sender.example.net
ok "a message with a good signature" deliver 192.0.2.5 a@sender.example.net --data @/tmp/signed
is "passes, verified once behind the content filter" "$(results)" "dkim=pass"
sed -i 's/^hello/hallo/' /tmp/signed
ok "a message with a broken signature" deliver 192.0.2.5 a@sender.example.net --data @/tmp/signed
is "fails, and is delivered" "$(results)" "dkim=fail"
ok "a message without one" deliver 192.0.2.5 b@sender.example.net
is "has no pass" "$(results | grep -c pass)" 0
sign_foreign a@sender.example.net \
	'Authentication-Results: mx.example.test; dkim=pass header.d=bank.example; dmarc=pass' \
	'Authentication-Results: MX.Example.Test ; spf=pass smtp.mailfrom=bank.example' \
	'Authentication-Results: elsewhere.example.org; dkim=pass header.d=list.example'
ok "a message with forged results" deliver 192.0.2.5 a@sender.example.net --data @/tmp/unsigned
is "loses those in our name" "$(header Authentication-Results | grep -ci '^mx.example.test.*bank')" 0
is "and keeps a stranger's" "$(header Authentication-Results | grep -c '^elsewhere.example.org; dkim=pass')" 1

# ---- one signature behind the content filter -------------------------------------------------------

mailauthctl server set zone.format full zone.reload reload-zones dns.ttl 60 >/dev/null
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null
ok "enable-dkim" mailauthctl domain enable-dkim example.com
ok "a message of ours" deliver 127.0.0.1 user@example.com
is "is signed once" "$(signatures)" "d=example.com s=default"
ok "and verifies" verifies
ok "a local one" deliver_local user@example.com
is "is signed once" "$(signatures)" "d=example.com s=default"

# ---- what is the admin's stays ---------------------------------------------------------------------

others /etc/postfix/site/main.cf >/srv/main.cf.others
others /etc/postfix/master.cf >/srv/master.cf.others
ok "a setting changes our part" mailauthctl server set mta.filter-position last mta.trusted-relays 198.51.100.3
is "main.cf: the rest is the same" "$(others /etc/postfix/site/main.cf)" "$(cat /srv/main.cf.others)"
is "master.cf too" "$(others /etc/postfix/master.cf)" "$(cat /srv/master.cf.others)"
ok "mail is still signed" deliver 127.0.0.1 user@example.com
is "once" "$(signatures)" "d=example.com s=default"
nothing() { [ "$(mailauthctl mta plan >/tmp/plan 2>&1; echo $?)" = 0 ] || { cat /tmp/plan; return 1; }; }
ok "mta plan has nothing to do" nothing
ok "verification off" mailauthctl server set dkim.verify off
sign_foreign a@sender.example.net
ok "a message with a good signature is taken" deliver 192.0.2.5 a@sender.example.net --data @/tmp/signed
is "and not verified" "$(results)" ""
ok "mta push --remove" mailauthctl mta push --remove --yes
ok "no folder of ours is left" test ! -e /var/spool/postfix/opendkim -a ! -e /etc/mailauthctl
ok "main.cf is what it was, byte for byte" cmp /srv/main.cf.before /etc/postfix/site/main.cf
ok "master.cf too" cmp /srv/master.cf.before /etc/postfix/master.cf
ok "opendkim.conf too" cmp /srv/opendkim.conf.before /etc/opendkim.conf
ok "main.cf is still a link" test -L /etc/postfix/main.cf
ok "mail flows" deliver 127.0.0.1 user@example.com
is "unsigned" "$(signatures)" ""
done_testing
