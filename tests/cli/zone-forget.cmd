# a zone of an administrator's may include the file: it does not vanish
m domain add example.com example.net
ls "$ROOT/var/lib/mailauthctl/zones"
m zone forget example.com
m domain remove example.com
m zone export --all
cat "$ROOT/var/lib/mailauthctl/zones/example.com.zone" "$ROOT/var/lib/mailauthctl/zones/zones.list"
m doctor zones | sed "s|$ROOT|ROOT|g"
m --json doctor zones | sed -e 1d -e '/^\[exit/d' | jq -c '.[] | [.state, .finding, .remedy]' | sed "s|$ROOT|ROOT|g"
m --dry-run zone forget example.com 2>&1 | sed "s|$ROOT|ROOT|g"
m --verbose zone forget example.com 2>&1 | sed "s|$ROOT|ROOT|g"
m zone forget example.com
m zone export --all
ls "$ROOT/var/lib/mailauthctl/zones"
# one that was removed a moment ago is emptied first; --json has nothing to print
m domain remove example.net
m --json zone forget EXAMPLE.net.
ls "$ROOT/var/lib/mailauthctl/zones"
# DKIM records stay for mail under way
m domain add example.org
m --quiet domain enable-dkim example.org
m domain remove example.org
m zone forget example.org | sed -E 's/[0-9]{4}-[0-9T:-]+Z/TIME/'
# another folder: the old files stay
m domain add example.edu
m server set zone.directory /srv/zones
m zone export --all
m doctor zones | sed "s|$ROOT|ROOT|g"
m zone forget example.edu nowhere.example
m zone forget --all
m domain remove example.edu
m zone export --all
# with whole zones a file goes with its domain, unless it was for inclusion before
m server set zone.format full mta.hostname mx.example.com
m template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
m template add '<domain>.' NS '<hostname>.'
m domain add whole.example
m zone export --all
m domain remove whole.example
m zone export --all
ls "$ROOT/srv/zones"
m zone forget --all example.edu
m zone forget
# what zones elsewhere need after a change: of the server's settings, while there are files
m server set zone.format include
m server set zone.directory /srv/others
m zone export --all
m server set zone.format full
m server set zone.directory /srv/zones
m server set zone.directory /srv/zones
rm -r "$ROOT/var/lib/mailauthctl"
m server set zone.format full
m server set zone.format include zone.directory /srv/none
