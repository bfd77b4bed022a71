m server set mta.hostname mx.example.com
m domain add example.com
m domain set example.com dns.service external
m domain enable-dkim example.com | unkeyed
m key list | undated
m key check example.com --published
m key list | undated
m --json key check example.com --published
