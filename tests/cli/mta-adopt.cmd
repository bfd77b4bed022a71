# no mail server below the root
m mta adopt --yes
# one that is not pushed to
mkdir -p "$ROOT/usr/sbin"
touch "$ROOT/usr/sbin/exim4"
m mta adopt --yes
m mta status | grep -E '^(State|Next|Remark)'
m doctor server
m server set mta.hostname mx.example.com mta.backend directory
m mta adopt --yes
m --json mta adopt --yes
