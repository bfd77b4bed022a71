cat >example.com.zone <<'Z'
$TTL 1h
@ IN SOA ns1 hostmaster ( 1 ; serial
   7200 3600 1209600 3600 )
  IN NS ns1
ns1 IN A 192.0.2.1
@ TXT "v=spf1 mx -all"
@ TXT "v=spf1 a -all"
_dmarc TXT v=DMARC1; p=reject
_dmarc.example.com TXT "v=DMARC1; p=reject; rua=mailto:d@example.com"
www CNAME ns1
www TXT "v=spf1 -all"
s1._domainkey TXT ( "v=DKIM1; k=rsa; "
   "p=MIIBIjAN" )
Z
m zone lint example.com.zone
m --json zone lint example.com.zone
printf '@ TXT "v=spf1 mx -all"\n' | m zone lint -
printf 'k._domainkey CNAME k.example.net\n' | m --format tsv zone lint - --origin example.org
printf '_dmarc TXT "v=DMARC1; p=none; rua=mailto:d@example.com"\n' >notes.txt
m zone lint notes.txt
m server set mta.hostname mx.example.com
m domain enable-dkim example.com
m zone lint example.com
m --json zone lint example.com
m record add example.com @ TXT 'v=DMARC1; p=none'
m zone lint example.com
m zone lint example.net
m zone lint ./absent
m zone lint notes.txt --origin a..b
m zone lint
