# The answers come from a zone file: nobody is asked.  All public cases: tests/dmarc/cases.py.
cat >z <<'Z'
_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=reject; sp=quarantine; np=reject"
_dmarc.bank.example. 3600 IN TXT "v=DMARC1; p=reject; psd=y; t=y"
_dmarc.twice.example. 3600 IN TXT "v=DMARC1; p=none"
_dmarc.twice.example. 3600 IN TXT "v=DMARC1; p=none"
_dmarc.football.example.com. 3600 IN TXT "v=DMARC1; p=reject; adkim=s"
brisbane._domainkey.football.example.com. 3600 IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
football.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 -all"
Z
m dmarc check --from-domain example.com --spf pass:bounce.example.com --zone z
m dmarc check --from-domain example.com --spf fail:example.com --dkim pass:example.net --zone z
m --json dmarc check --from-domain example.com --spf none --dkim fail:example.com --dkim pass:a.example.com --zone z
m --json dmarc check --from-domain sub.example.com --zone z
m --json dmarc check --from-domain sub.example.com --exists x.sub.example.com --zone z
m --json dmarc check --from-domain a.b.bank.example --dkim pass:c.bank.example --zone z
m --json dmarc check --from-domain example.com --spf temperror:x.example.com --zone z
m --format tsv dmarc check --from-domain twice.example --spf pass:twice.example --zone z
m --json dmarc check --from-domain bücher.example --zone z
m server set dmarc.reject off
m --json dmarc check --from-domain example.com --zone z
m --json dmarc check --from-domain example.com --plain --zone z
m server unset dmarc.reject
# RFC 8463 A.3, with its Ed25519 signature alone
cat >mail <<'M'
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
M
m dmarc check --message mail --ip 192.0.2.9 --mail-from bounce@example.net --zone z
sed 's/lost/won/' mail >forged
m --json dmarc check --message - --ip 192.0.2.1 --mail-from joe@football.example.com --zone z <forged
m --json dmarc check --message forged --ip 192.0.2.9 --mail-from '<>' --helo football.example.com --zone z
sed 's/^From:.*/&, x@example.net/' mail >several
m --json dmarc check --message several --ip 192.0.2.1 --mail-from joe@football.example.com --zone z
sed '/^From:/d' mail >none
m dmarc check --message none --ip 192.0.2.1 --mail-from joe@football.example.com --zone z
# what is not understood
m dmarc check
m dmarc check --from-domain a..b --zone z
m dmarc check --from-domain example.com --spf passed:example.com --zone z
m dmarc check --from-domain example.com --dkim pass --zone z
m dmarc check --from-domain example.com --dkim 'pass:a b' --zone z
m dmarc check --from-domain example.com --ip 192.0.2.1 --zone z
m dmarc check --from-domain example.com --message mail --zone z
m dmarc check --from-domain example.com --exists a..b --zone z
m dmarc check --message mail --zone z
m dmarc check --message mail --ip 192.0.2.1 --mail-from x@example.net --spf pass:example.com --zone z
m dmarc check --message mail --ip 192.0.2 --mail-from x@example.net --zone z
m dmarc check --message mail --ip 192.0.2.1 --mail-from '' --zone z
m dmarc check --message absent --ip 192.0.2.1 --mail-from x@example.net --zone z
m dmarc check --from-domain example.com --zone absent
m dmarc check --from-domain example.com --resolver 192.0.2.300
# senders whose mail is never refused
m dmarc check --from-domain example.com --spf pass:lists.test --exception Lists.Test --zone z
m --json dmarc check --from-domain example.com --dkim pass:lists.test --dkim fail:other.test --exception other.test --zone z
m --json dmarc check --from-domain example.com --spf fail:lists.test --exception lists.test --exception 192.0.2.0/24 --zone z
m --json dmarc check --message none --ip 192.0.2.1 --mail-from joe@football.example.com --exception other.test --exception 192.0.2.0/24 --zone z
m dmarc check --from-domain example.com --exception 192.0.2.0/33 --zone z
m dmarc check --from-domain example.com --exception a..b --zone z
# those of the server, unless some were typed
m server set dmarc.exceptions lists.test,192.0.2.0/24
m --json dmarc check --from-domain example.com --spf pass:lists.test --zone z
m --json dmarc check --message none --ip 192.0.2.1 --mail-from joe@football.example.com --zone z
m --json dmarc check --message none --ip 198.51.100.1 --mail-from joe@football.example.com --zone z
m --json dmarc check --from-domain example.com --spf pass:lists.test --exception other.test --zone z
m --json dmarc check --from-domain example.com --spf pass:lists.test --plain --zone z
m dmarc explain --from-domain example.com --spf pass:lists.test --zone z
