# Postfix with OpenDKIM below the root
mkdir -p "$ROOT"/etc/postfix "$ROOT"/var/spool/postfix
printf '%s\n' 'myhostname = mx.example.net' 'mynetworks = 127.0.0.0/8' \
	'smtpd_milters = inet:127.0.0.1:99' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
echo 'Syslog yes' >"$ROOT/etc/opendkim.conf"
for file in passwd group; do printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'nobody:x:65534:65534::/:/bin/false' >"$ROOT/etc/$file"; done
install -D -m 0755 /dev/null "$ROOT/usr/local/libexec/mailauthctl/mailauth-policyd"
keys() { (cd "$ROOT/etc" && find dkimkeys -name '*.private'); }
m mta rollback --yes
m server set mta.hostname mx.example.net dkim.activate now zone.reload true
m domain add example.com example.org
m --no-push domain enable-dkim example.com
m mta adopt --yes
m domain enable-dkim example.org
m domain disable-dkim example.org
keys
# the key file is made again from the database
m mta rollback --yes --dry-run
m --json --dry-run mta rollback
m mta rollback --yes
keys
m server set dkim.rsa-bits 4096
m mta rollback --yes 1
keys
m mta rollback --yes nine
m mta rollback --yes
m mta push
keys
m mta plan
# a key that is not published any more
m domain disable-dkim example.com --now
m zone export --all
m key list | undated
m mta rollback --yes 2
# what somebody else wrote
sed -i 's/^mailauth_guard_milter = .*/mailauth_guard_milter = inet:a:1/; s/^myhostname.*/& # his/' "$ROOT/etc/postfix/main.cf"
m server set spf.check off
sed -i 's/^time-limit:.*/time-limit: 7/' "$ROOT/etc/mailauthctl/policyd.yaml"
m server set spf.mode reject-fail
m mta plan
m --json mta plan
m mta status | undated
m --json mta status | undated
m mta push
m mta rollback --yes 1
m mta push --force
m mta plan
m mta status | undated
# without --yes it asks, and here is nobody to answer
m mta rollback 2>&1 | grep '^!'
m mta push --remove 2>&1 | grep '^!'
m mta rollback --bogus
