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
