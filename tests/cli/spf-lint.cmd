cat >z <<'Z'
example.com. 3600 IN TXT "v=spf1 mx -all"
example.com. 3600 IN MX 10 mx.example.com.
mx.example.com. 3600 IN A 192.0.2.9
twice.example.com. 3600 IN TXT "v=spf1 -all"
twice.example.com. 3600 IN TXT "v=spf1 a -all"
Z
m spf lint --record 'v=spf1 mx -all'
m spf lint --record 'v=spf1 a ptr +all mx'
m --json spf lint --record 'v=spf1 a ptr +all mx'
m spf lint --record 'v=spf1 a:b:c -all'
m spf lint example.com --zone z
m --json spf lint twice.example.com --zone z
m spf lint
