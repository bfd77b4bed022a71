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
cat >z <<'Z'
_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:r@example.com"
www.example.com. 3600 IN A 192.0.2.1
Z
m dmarc lint www.example.com --zone z
m dmarc lint _dmarc.example.com --zone z
m dmarc lint example.com._report._dmarc.example.net --zone z
m dmarc lint --record 'v=DMARC1; p=none; adkim=x; rua=reports@example.com'
m dmarc lint --record 'V=DMARC1; P=reject; adkim=r; rua=mailto:r@example.com!10m'
m dmarc lint --record ' v=DMARC1; p=none'
m dmarc lint --record 'v=DMARC1; p=reject; sp=invalid; rua=mailto:r@example.com'
printf 'v=DMARC1; p=reject; rua=mailto:r@example.com\nv=DMARC1; p=none; pct=100\r\n' >good
printf 'v=DMARC1; p=reject; pct=50\n\nnot \xff a record' >bad
m dmarc lint --records-from good
m --format tsv dmarc lint --records-from bad
m dmarc lint --records-from - <good
m dmarc lint --records-from absent
m dmarc lint --records-from good --record x
m dmarc lint example.com --records-from good
cat >below <<'Z'
_dmarc.suffix.example. 3600 IN TXT "v=DMARC1; p=reject; psd=y"
_dmarc.mild.example. 3600 IN TXT "v=DMARC1; p=reject; sp=quarantine; np=reject; t=y"
there.mild.example. 3600 IN A 192.0.2.1
_dmarc.own.example. 3600 IN TXT "v=DMARC1; p=reject; psd=n; rua=mailto:a@own.example"
Z
m dmarc lint www.a.suffix.example --zone below
m dmarc lint there.mild.example --zone below
m dmarc lint gone.mild.example --zone below
m dmarc lint own.example --zone below
