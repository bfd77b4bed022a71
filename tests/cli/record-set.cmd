m server set mta.hostname mx.example.com
m domain add example.com
m record set example.com t1 'v=spf1 mx -all'
m record list example.com
m --json record set example.com t2 'v=DMARC1; p=reject' --ttl 60
m record list example.com
m record set example.com t2 'v=DMARC1; p=what'
m record set example.com t1 'v=spf1 mx nonsense:example -all'
m record set example.com t9 'v=spf1 mx -all'
m record list example.com
m record set example.com t2 '"v=DMARC1; p=none"'
m record set example.com t2 'v=DMARC1; p=reject; pct=50'
m record add example.com @ MX '10 mail'
m record set example.com 3 '10 mail.example.com'
m record set example.com 3 '10 192.0.2.1'
m record set example.com 3 '10 mail.example.com.'
m record list example.com
