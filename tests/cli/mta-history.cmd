m mta history
m --json mta history
m server set mta.hostname mx.example.com mta.backend directory dkim.activate now zone.reload true
m domain add example.com
m --no-push domain enable-dkim example.com
m mta push
m server set spf.mode reject-fail
m domain set example.com dkim.sign off
m mta rollback --yes
m mta push --remove --yes
m mta push
m mta history | undated
m --json mta history | undated
m mta history 2 | undated
m --json mta history 3 | undated
m mta history 4 | undated
m mta history 9
m mta history x
# pushes that did not end, and one of a mode alone
chmod 0600 "$ROOT/var/lib/mailauthctl/rendered/etc/mailauthctl/postfix-main.cf"
m --quiet mta push --force
target=$ROOT/var/lib/mailauthctl/target.db
sqlite3 "$target" "UPDATE push SET state = 'undone' WHERE id = 2; UPDATE push SET state = 'switching' WHERE id = 3"
m mta history | undated
m --json mta history 2 | undated
