m domain add example.com
m domain set example.com dns.ttl 300 dkim.selector mail
m domain unset example.com dns.ttl
m domain get example.com dns.ttl
m --json domain unset example.com dkim.selector
m domain get example.com dkim.selector
m domain unset example.com spf.mode
