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
m spf lint --record 'v=spf1 -all include:a.example'
m spf lint --record 'v=spf1include:a.example'
m spf lint --record 'v=spf1 –all'
m spf lint --record 'v=spf1 ip4=192.0.2.1 ip4:10.1.2.3 ra=postmaster -all'
for i in 1 2 3 4 5 6 7 8 9 10 11; do echo "many.example. 3600 IN MX $i mx$i.example.net."; done >z
echo 'many.example. 3600 IN TXT "v=spf1 mx -all"' >>z
m spf lint many.example --zone z
printf 'v=spf1 -all\nv=spf1 mx:many.example -all\n' >records
m spf lint --records-from records
m spf lint --records-from - --zone z <records
