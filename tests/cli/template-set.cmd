m template set t2 'v=DMARC1; p=quarantine'
m template list
m --json template set t1 'v=spf1 mx -all'
m template set t9 'v=spf1 mx -all'
m template set t2 'v=DMARC1; p=none;' --ttl 60
m template list
