m server set mta.hostname mx.example.com
m domain add example.com
m domain set example.com dkim.selector mail dkim.rsa-bits 1024
m domain get example.com dkim.selector
m --json domain set example.com dns.ttl 300
m domain set example.com spf.mode 3
m domain set example.com dns.ipv4 10.0.0.1
m domain set example.com dkim.sign on
m key list example.com | undated
m domain set example.com dkim.sign off
m domain set example.net dns.ttl 300
m domain set example.com dkim.sign 'USE DKIM spam protection system to sign outgoing email messages'
m domain get example.com dkim.sign
