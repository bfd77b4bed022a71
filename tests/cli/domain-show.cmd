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
