m server set mta.hostname mx.example.com mta.backend directory
m --no-push domain enable-dkim example.com
m mta push
(cd "$ROOT/var/lib/mailauthctl/rendered" && find . -type f -printf '%P %m\n' | sort)
m --json mta push
m mta push --remove
(cd "$ROOT/var/lib/mailauthctl" && find rendered -type f 2>/dev/null | sort)
m mta push
m --no-push server set dkim.verify off
m server set dkim.verify off
m mta plan
