m zone export --all
m server set mta.hostname mx.example.com
m domain add example.com example.net
m zone export --all
ls "$ROOT/var/lib/mailauthctl/zones"
cat "$ROOT/var/lib/mailauthctl/zones/example.com.zone" "$ROOT/var/lib/mailauthctl/zones/zones.list"
# nothing changed: nothing written
stamp() { stat -c '%n %Y %i' "$ROOT"/var/lib/mailauthctl/zones/*; }
stamp >before
m --json zone export --all
stamp | diff before - && echo same
# a file that somebody edited is put right
echo broken >>"$ROOT/var/lib/mailauthctl/zones/example.net.zone"
m zone export example.net
grep -c broken "$ROOT/var/lib/mailauthctl/zones/example.net.zone"
# a whole zone needs SOA and NS
m server set zone.format full
m zone export --all
m template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
m template add '<domain>.' NS '<hostname>.'
m template apply --all
m zone export --all
undated <"$ROOT/var/lib/mailauthctl/zones/example.com.zone"
named-checkzone -q example.com "$ROOT/var/lib/mailauthctl/zones/example.com.zone" && echo accepted
m domain remove example.net
m zone export --all
ls "$ROOT/var/lib/mailauthctl/zones"
# when all zones were last looked at: a mark beside the database; one zone, a dry run: no mark
mark=$ROOT/var/lib/mailauthctl/mailauthctl.db.heartbeat
rm "$mark"
m zone export example.com
m --dry-run zone export --all
[ -e "$mark" ] || echo "no mark"
m zone export --all
[ $(($(date +%s) - $(stat -c %Y "$mark"))) -lt 60 ] && stat -c '%a %s' "$mark"
m template remove t3
m template apply --all
m zone export --all
[ -s "$mark" ] && echo failed
# a host that knows no public name of its own: "a:<hostname>" is left out, and one line says so
rm -r "$ROOT/var/lib/mailauthctl"
mkdir -p "$ROOT/etc/postfix"
echo 'myhostname = a1b2c3d4e5f6.localdomain' >"$ROOT/etc/postfix/main.cf"
m domain add example.com example.net
m server set zone.reload ""
m zone export --all
cat "$ROOT"/var/lib/mailauthctl/zones/*.zone | grep -c localdomain
m zone export --all
m server set mta.hostname localhost.localdomain
m zone export --all
m server set mta.hostname mx.example.com
m zone export --all
grep -h a: "$ROOT"/var/lib/mailauthctl/zones/*.zone
