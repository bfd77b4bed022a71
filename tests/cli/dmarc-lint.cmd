cat >z <<'Z'
_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:r@reports.example.net,mailto:r@example.com"
_dmarc.asked.example. 3600 IN TXT "v=DMARC1; p=reject; rua=mailto:r@reports.example.net"
asked.example._report._dmarc.reports.example.net. 3600 IN TXT "v=DMARC1;"
_dmarc.twice.example. 3600 IN TXT "v=DMARC1; p=none"
_dmarc.twice.example. 3600 IN TXT "v=DMARC1; p=reject"
Z
m dmarc lint --record 'v=DMARC1; p=reject; rua=mailto:r@example.com'
m dmarc lint --record 'v=DMARC1; rua=mailto:r@example.com; p=none; pct=50; spp=none'
m --json dmarc lint --record 'v=DMARC1; p=reject; sp=none; fo=1; t=y'
m dmarc lint --record 'v=DMARC1; p=strict'
m dmarc lint example.com --zone z
m dmarc lint asked.example --zone z
m --json dmarc lint twice.example --zone z
m dmarc lint none.example --zone z
m dmarc lint
