m server set mta.hostname mx.example.com
m domain add example.com
m dmarc set example.com p=quarantine rua=mailto:reports@example.com
m record list example.com
m --json dmarc set example.com 'sp=none; p=reject'
m dmarc set example.com sp= pct=50
m dmarc set example.com rua='mailto:a@example.com,mailto:dmarc@<domain>' --ttl 600
m --dry-run dmarc set example.com p=none
m record list example.com
m dmarc set example.com p=what
m dmarc set example.com p= rua=
m dmarc set example.com reject
m dmarc set example.com v=DMARC2
m dmarc set example.com 'v=DMARC1; p=none' sp=none
m dmarc set example.com
m dmarc set absent.example p=none
m dmarc set example.com 'v=DMARC1; p=none; unknown=1'
m record list example.com
m dmarc set example.com --reset
m record remove example.com t2
m dmarc set example.com p=reject
m record list example.com
m domain set example.com dns.service external
m domain enable-dkim example.com | unkeyed
m dmarc set example.com p=reject
m domain add silent.example
m domain set silent.example mail off
m dmarc set silent.example p=reject
m dmarc set example.com '"V=DMARC1; P=none; rua=mailto:r@example.com"'
m dmarc set example.com p=quarantine
m dmarc set example.com ' v=DMARC1; p=none'
m dmarc set example.com adkim=x
m record list example.com | grep _dmarc
