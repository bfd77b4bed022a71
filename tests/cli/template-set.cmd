m template set t2 'v=DMARC1; p=quarantine'
m template list
m --json template set t1 'v=spf1 mx -all'
m template set t9 'v=spf1 mx -all'
m template set t2 'v=DMARC1; p=none;' --ttl 60
m template list
m template set t2 '"v=DMARC1; p=none; sp=none"'
m template set t1 'v=spf1 ip4=192.0.2.1 -all'
m template add '<domain>.' MX '10 mail'
m template set t3 '10 192.0.2.1'
m template list
