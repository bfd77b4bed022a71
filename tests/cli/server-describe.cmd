m server describe spf.mode
m --json server describe spf.mode
m server describe | cut -c1-28
m --format tsv server describe spf.check
m --json server describe dns.ttl
m server describe spf.mod
