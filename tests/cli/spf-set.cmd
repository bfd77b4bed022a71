m server set mta.hostname mx.example.com
m domain add example.com own.example
m spf set example.com 'v=spf1 mx -all'
m record list example.com
m --json spf set example.com --add include:spf.example.net --add ~all
m spf set example.com --remove +mx --add 'exp=why.example.net'
m --dry-run spf set example.com --add a
m --json record list example.com
m spf set example.com --remove mx
m spf set example.com 'v=spf1 frobnicate -all'
m spf set example.com 'spf1 -all'
m spf set example.com 'v=spf1 +all' --ttl 300
m spf set example.com
m spf set example.com 'v=spf1 -all' --reset
m spf set absent.example 'v=spf1 -all'
m spf set example.com --reset
m spf set example.com --reset
m record list example.com
# a domain whose template record was taken out, and one with a record of its own
m record remove own.example t1
m spf set own.example --add mx
m record add own.example @ TXT 'v=spf1 a -all'
m spf set own.example --add ip4:192.0.2.0/24
m record list own.example
m spf set own.example --reset
m spf set own.example 'v=spf1 mx -all'
m record list own.example
# terms after all count for nothing; text that is not selected; quotes
m spf set example.com 'v=spf1 -all include:a.example include:b.example include:c.example include:d.example include:e.example include:f.example include:g.example include:h.example include:i.example include:j.example include:k.example'
m spf set example.com 'v=spf1include:spf.example.net'
m spf set example.com ' v=spf1 -all'
m spf set example.com '"v=spf1 mx" " -all"'
m spf set example.com 'v=spf1 include:example.com ip4:10.0.0.1 ip4:2001:db8::1 -all'
m spf set example.com 'v=spf1 include:example.com ip4:10.0.0.1 -all'
