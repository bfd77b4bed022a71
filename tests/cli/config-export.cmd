m config export
m --json config export
m server set mta.hostname mx.example.com spf.mode 3 mta.trusted-relays 192.0.2.0/24
m domain add example.com example.net
m domain add --alias-of example.com alias.example
m domain set example.com dkim.retire-after 10d dns.ttl 600
m domain enable-dkim example.com
m record set example.com t1 'v=spf1 mx -all'
m record remove example.net t2
m record add example.com www A 192.0.2.80 --ttl 300
m record add example.com @ TXT 'say "\;"'
m domain suspend example.net
m template set t2 'v=DMARC1; p=quarantine'
m template apply example.com
m config export
m config export all.yaml
stat -c '%a %n' all.yaml
"$PROGRAM" --root "$ROOT" config export | cmp - all.yaml && echo the same
# no keys where they are not asked for
grep -c PRIVATE all.yaml
m config export --with-keys
m config export --with-keys keys.yaml
stat -c '%a %n' keys.yaml
grep -A4 keys: keys.yaml | sed '$d'
# what is there is replaced by a rename, a link never
ln -s all.yaml link.yaml
m config export link.yaml
m config export /nowhere/all.yaml
m --dry-run config export other.yaml
ls
