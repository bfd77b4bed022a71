m server set mta.hostname mx.example.com
m domain add example.com
m domain show example.com | undated
m domain enable-dkim example.com
m domain show example.com | undated
m --json domain show example.com | undated | unkeyed
m server set dkim.sign off
m domain show example.com | undated
m domain show exmple.com
m domain show nowhere.invalid
m --quiet server unset dkim.sign
m --verbose domain show example.com | undated
m --quiet domain add alias.example bücher.example --alias-of example.com
m --quiet record add example.com www A 192.0.2.80
m --quiet record remove example.com t2
m --quiet server set dns.ttl 600
m domain show example.com | undated
m domain show bücher.example | undated | grep -v '^  '
m --quiet domain suspend example.com
m domain show example.com | undated | grep -v '^  '
m --quiet domain add external.example off.example
m --quiet domain set external.example dns.service external
m --quiet domain set off.example dns.service off
m --quiet domain enable-dkim external.example | unkeyed
m domain show external.example | undated
m domain show off.example | undated
