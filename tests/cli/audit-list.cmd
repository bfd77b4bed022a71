m audit list
m server set spf.mode 3
m domain add example.com
m domain set example.com dns.ttl 300
m domain add a.example b.example c.example
m record add a.example www A 192.0.2.80
m domain remove a.example
m audit list | undated
m --json audit list | undated
m audit list --limit 1 | undated
m audit list --domain example.com | undated
m audit list --setting dns.ttl | undated
m audit list --setting spf.mode --domain example.com
m audit list --setting dns.ttl --domain EXAMPLE.com --by "$(id -un)" --since 1h --until 0s | undated
m audit list --by nobody-of-that-name
m audit list --until 2001-02-03
m audit list --since '2999-01-01 12:30'
m audit list --since 2026-02-30
m audit list --until yesterday
m audit list --setting spf.mod
m audit list --domain 'not a name'
m audit list --limit 0
