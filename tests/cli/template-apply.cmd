m server set mta.hostname mx.example.com
m domain add example.com example.net
m record set example.com t2 'v=DMARC1; p=reject'
m template set t2 'v=DMARC1; p=quarantine'
m record list example.net
m template apply example.net
m record list example.net
m --json template apply --all
# its own edit stays
m record list example.com
