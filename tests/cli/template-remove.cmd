# the SPF and the DMARC record: only after a question, or with --yes
m template remove t2
m --dry-run template remove t2
m template list
m template remove t2 --yes
m template list
m template remove t2
m template reset
m template add www CNAME '<domain>.'
m template remove t3
m --json template remove t1 --yes
m template list
