cat >z <<'Z'
example.com. 3600 IN TXT "v=spf1 include:inc.example.com mx -all"
example.com. 3600 IN MX 10 mx.example.com.
mx.example.com. 3600 IN A 192.0.2.9
inc.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ?all"
Z
m server set mta.hostname mx.example.net spf.local-rules a:relay.example.org
m spf explain --ip 198.51.100.7 --from a@example.com --zone z
m --json spf explain --ip 192.0.2.9 --from a@example.com --zone z
