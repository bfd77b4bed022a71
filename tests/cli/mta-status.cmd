m mta status
m --json mta status
m server set mta.backend directory mta.hostname mx.example.com
m mta status | undated
m --json mta status | undated
# what waits, and the next step
m --no-push server set mta.filter-position last spf.mode 3
m mta status | grep -E '^(State|Next|Changes)'
m mta push
m domain add example.com external.example
m domain set external.example dns.service external
m --quiet domain enable-dkim external.example | unkeyed
m mta status | undated
m --quiet zone export --all
m mta status | grep -E '^(State|Next|Zones|Names|  external)|Last zone' | undated
m --json mta status | grep -vE 'feature' | undated
m key check --published external.example
m mta status | grep -E '^(State|Next|Zones|Names|  external)'
# a reload that failed is owed
m server set zone.reload '/bin/false'
"$PROGRAM" --root "$ROOT" --json mta status | grep -E '"(zones_due|reload_owed|last_export)"' | undated
