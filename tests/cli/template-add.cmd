m template add '<domain>.' MX '10 <hostname>.'
m template list
m --json template add 'www.<domain>.' A '<ip>' --ttl 300
m template list
m template add '<domain>.' TXT 'v=spf1 -all'
m template add '<nothing>.' A 192.0.2.1
m template add '<domain>.' A 300.0.0.1
m template add '<domain>.' MX '10 192.0.2.1'
m template add '<domain>.' MX '10 mail.example.com'
m template add 'x.<domain>.' MX '10 mail.<domain>'
m template add 'x.<domain>.' TXT '"quoted" " \<text>"'
m template add 'x.<domain>.' SPF 'v=spf1 -all'
m template add '_smtp._tls.<domain>.' TXT 'v=TLSRPTv1; rua=mailto:tls@<domain>'
m template add '_mta-sts.<domain>.' TXT 'v=STSv1'
m template add 'y.<domain>.' TXT 'v=spf1 ip4:10.0.0.1 -all'
m template list
