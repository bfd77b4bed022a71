m server set mta.hostname mx.example.com
m domain add example.com example.net
m domain enable-dkim example.com example.net
m domain disable-dkim example.com
m key list | undated
m record list example.com | unkeyed
m --json domain disable-dkim example.net --now
m key list | undated
m record list example.net
m domain disable-dkim nowhere.example
m domain disable-dkim --all
# one name that cannot be does not keep the others from it
m --quiet domain add a.example b.example c.example
m --quiet domain enable-dkim a.example b.example c.example
m --quiet domain add --alias-of a.example alias.example
m domain disable-dkim a.example 'bad..name' b.example alias.example nowhere.example c.example --now
(cd "$ROOT/var/lib/mailauthctl/zones" && grep -l _domainkey -- *.zone)
m key list | grep -E '^(a|b|c|rests|alias).example ' | undated
