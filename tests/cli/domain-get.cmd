m domain add example.com
m domain get example.com dkim.rsa-bits
m domain set example.com dkim.rsa-bits 3072
m domain get example.com dkim.rsa-bits
m --json domain get example.com dkim.rsa-bits
m --json domain get example.com dkim.selector
m domain get example.com spf.mode
m domain get example.net dkim.rsa-bits
