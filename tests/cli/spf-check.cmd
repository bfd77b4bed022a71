# The answers come from a zone file: nobody is asked.
cat >z <<'Z'
example.com. 3600 IN TXT "v=spf1 include:inc.example.com a -all exp=why.example.com"
example.com. 3600 IN A 192.0.2.9
inc.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ?all"
why.example.com. 3600 IN TXT "%{i} is not ours"
soft.example.com. 3600 IN TXT "v=spf1 ~all"
broken.example.com. 3600 IN TXT "v=spf1 bogus:x -all"
Z
m server set mta.hostname mx.example.net spf.mode reject-fail
m spf check --ip 192.0.2.1 --from a@example.com --zone z
m spf check --ip 198.51.100.7 --from a@example.com --zone z
m --json spf check --ip 198.51.100.7 --from a@example.com --zone z
m --json spf check --ip 198.51.100.7 --from a@soft.example.com --zone z
m --json spf check --ip 198.51.100.7 --from a@soft.example.com --zone z --plain
m --json spf check --ip 198.51.100.7 --from '<>' --helo example.com --zone z
m --json spf check --ip 198.51.100.7 --from a@example.com --to postmaster@example.net --zone z
m --json spf check --ip 198.51.100.7 --from a@broken.example.com --zone z
m --json spf check --ip 198.51.100.7 --from a@none.example.com --zone z
m server set spf.local-rules ip4:198.51.100.7
m --json spf check --ip 198.51.100.7 --from a@example.com --zone z
m server set spf.guess-rules 'v=spf1 ip4:198.51.100.8 ?all' spf.mode reject-not-pass
m --json spf check --ip 198.51.100.8 --from a@none.example.com --zone z
m spf check --ip 198.51.100 --from a@example.com --zone z
m spf check --ip 198.51.100.7 --from '<>' --zone z
m spf check --ip 198.51.100.7
m spf check --ip 198.51.100.7 --from a@example.com --resolver 192.0.2.300
m spf check --ip 198.51.100.7 --from a@example.com --zone missing
