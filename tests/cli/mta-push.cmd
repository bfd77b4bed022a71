m mta push --quiet --scheduled
ls "$ROOT/var/lib/mailauthctl/mailauthctl.db" 2>/dev/null
m --no-push domain add example.net
m mta push --quiet --scheduled
m domain remove example.net
m server set mta.hostname mx.example.com mta.backend directory
m --no-push domain enable-dkim example.com
m mta push
(cd "$ROOT/var/lib/mailauthctl/rendered" && find . -type f -printf '%P %m\n' | sort)
m --json mta push
m mta push --remove --yes
(cd "$ROOT/var/lib/mailauthctl" && find rendered -type f 2>/dev/null | sort)
m mta push
m --no-push server set dkim.verify off
m server set dkim.verify off
m mta plan
m server set dkim.verify on spf.check on dmarc.check on mta.trusted-relays 198.51.100.3
m mta push
cat "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml" "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/postfix-main.cf"
m server set dmarc.exceptions lists.example.org,192.0.2.0/24
grep -A3 exceptions "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml"
m server set dmarc.check off
grep -E '^(dkim|dmarc)' "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml"
m mta push --quiet --scheduled
m mta push --scheduled --remove
m --no-push server set spf.mode reject-fail
m mta rollback --yes
m mta push --quiet --scheduled
m --json mta status | grep '"held"'
m mta push --quiet
m --json mta status | grep '"held"'
m mta push --remove --yes
m mta push --quiet --scheduled
m --quiet mta adopt --yes
rm "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml"
m mta plan | grep '^# drift'
m mta push --quiet --scheduled
(cd "$ROOT/var/lib/mailauthctl/rendered" && ls etc/mailauthctl/policyd.yaml)
rm "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml"
m mta push
echo '# mine' >>"$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/policyd.yaml"
m mta push --quiet --scheduled
