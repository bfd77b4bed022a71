cat >z <<'Z'
_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=reject; np=quarantine; t=y"
_dmarc.co.example. 3600 IN TXT "v=DMARC1; p=reject; psd=y"
_dmarc.bad.example. 3600 IN TXT "v=DMARC1; p=none; p=none"
_dmarc.bad.example. 3600 IN TXT "v=DMARC1; p=none"
example.net. 3600 IN TXT "v=spf1 ip4:192.0.2.1 -all"
Z
m dmarc explain --from-domain sub.example.com --spf pass:example.net --dkim pass:a.b.example.com --zone z
m dmarc explain --from-domain x.a.co.example --spf temperror:y.a.co.example --dkim pass:co.example --zone z
m dmarc explain --from-domain www.bad.example --zone z
m --json dmarc explain --from-domain example.com --dkim pass:example.org --zone z
cat >mail <<'M'
DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=absent; h=from;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA
DKIM-Signature: none
From: Ann <ann@example.com>

Hi.
M
m dmarc explain --message mail --ip 192.0.2.1 --mail-from bounce@example.net --zone z
sed 's/Ann </Ann, </' mail >unclear
m dmarc explain --message unclear --ip 192.0.2.1 --mail-from bounce@example.net --zone z
# an answer that is missing
cat >table <<'T'
_dmarc.example.com TXT "v=DMARC1; p=reject"
_dmarc.com SERVFAIL
_dmarc.example.org SERVFAIL
T
serve_dns table
# the policy itself is not known: delivered and marked, as mailauth-policyd does
m --json dmarc check --from-domain example.org --dkim fail:example.org --resolver "$dns" | sed -E 's/SERVFAIL.*from NAMESERVER/SERVFAIL/'
m --json dmarc explain --from-domain example.com --dkim pass:mail.example.com --resolver "$dns" | sed -E 's/SERVFAIL.*from NAMESERVER/SERVFAIL/'
m dmarc explain --from-domain example.com --mail-from x@example.net
