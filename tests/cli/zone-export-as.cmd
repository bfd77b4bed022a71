m zone export example.com --as nsupdate
m server set mta.hostname mx.example.com
m domain add example.com example.net off.example
m domain set off.example dns.service off
m record add example.com www A 192.0.2.7
m record add example.com mail TXT 'a"b\c; d'
state() { find "$ROOT" -type f ! -name '*.lock' -exec stat -c '%n %i %Y %s' {} + | sort; }
state >before
m zone export example.com --as nsupdate
m zone export example.com --as octodns
m --json zone export example.com --as nsupdate
m zone export --all --as nsupdate | grep '^zone'
m zone export --all --as octodns
m --dry-run zone export example.net --as nsupdate
# what was printed changed nothing
state | diff before - && echo same
m record add example.com host HINFO '"a" "b"'
m zone export --all --as octodns
m zone export example.com --as bind
m zone export nowhere.example --as octodns
