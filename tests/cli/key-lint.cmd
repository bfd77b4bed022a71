ed='11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
cat >z <<Z
s1._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=ed25519; p=$ed"
s2._domainkey.example.com. 3600 IN TXT "k=rsa; p=abc"
s3._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=ed25519; p=$ed"
s3._domainkey.example.com. 3600 IN TXT "v=DKIM1; p="
Z
m key lint --record "v=DKIM1; k=ed25519; p=$ed"
m key lint --record 'v=DKIM1; k=ed25519; t=y; p='
m --json key lint --record 'v=DKIM1\; k=rsa\; p=AAAA'
m key lint example.com --selector s1 --zone z
m key lint example.com --selector s1 --selector s2 --selector s3 --selector s4 --zone z
m --json key lint example.com --selector s2 --zone z
m key lint example.com --zone z
m domain add example.com
m key lint example.com --zone z
m domain set example.com dns.service external
m domain set example.com dkim.selector s1
m domain set example.com dkim.algorithm ed25519
m domain enable-dkim example.com | unkeyed
m key lint example.com --zone z
printf 'v=DKIM1; k=ed25519; p=%s\nv=DKIM1; p=\n' "$ed" >good
m key lint --records-from good
echo 'v=DKIM2; p=' | m key lint --records-from -
m key lint
