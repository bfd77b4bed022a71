# What an export would write is shown; no file, no key, no mark and no row of the trail changes.
zones=$ROOT/var/lib/mailauthctl/zones
m server set mta.hostname mx.example.com mta.backend directory mta.directory.path /out
m domain add example.com example.net
m --dry-run zone export --all
[ -e "$zones" ] || echo "nothing written"
m zone export --all
stamp() { (cd "$ROOT" && find . -type f ! -name '*-shm' ! -name '*-wal' ! -name 'mailauthctl.db*' -printf '%p %i %T@ %m\n' | sort); }
rows() { sqlite3 -readonly "$ROOT/var/lib/mailauthctl/mailauthctl.db" .dump | sha256sum; }
m --quiet --no-push record add example.com www A 192.0.2.80
m --quiet --no-push domain enable-dkim example.com
# files that somebody edited or removed are put right
echo broken >>"$zones/example.com.zone"
rm "$zones/example.net.zone"
stamp >before
rows >>before
m --dry-run zone export --all | unkeyed | undated
m --dry-run zone export example.net
m --dry-run zone export example.com example.net | unkeyed | undated
m --json --dry-run zone export example.com | unkeyed | undated
m --dry-run zone export nowhere.example
m --dry-run zone show example.net
{ stamp; rows; } | diff before - && echo same
m zone export --all
m --dry-run zone export --all
m --dry-run --json zone export --all
