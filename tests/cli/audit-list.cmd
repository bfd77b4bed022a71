m audit list
m server set spf.mode 3
m domain add example.com
m domain set example.com dns.ttl 300
m audit list | undated
m --json audit list | undated
