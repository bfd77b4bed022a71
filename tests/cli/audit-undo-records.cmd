# Changes of records and templates: done, taken back.
. "$CASES/undo.sh"
"$PROGRAM" --root "$ROOT" --quiet domain suspend example.net
both_ways record add example.com @ MX '20 mx2.<domain>.' --ttl 120
both_ways record set example.com 1 192.0.2.81
both_ways record set example.com t2 --ttl 77
both_ways record set example.com t1 'v=spf1 -all'
both_ways record remove example.com 1 t2
both_ways record reset example.com t1
both_ways record reset example.com --all
both_ways spf set example.com --add include:spf.example.net
both_ways dmarc set example.com p=quarantine
both_ways template add www CNAME '<domain>.'
both_ways template set t2 'v=DMARC1; p=reject' --ttl 60
both_ways template remove t3 t1 --yes
both_ways template reset
"$PROGRAM" --root "$ROOT" --quiet template set t2 'v=DMARC1; p=quarantine'
both_ways template apply example.com
both_ways template apply --all
"$PROGRAM" --root "$ROOT" --quiet template apply example.net
both_ways template apply --all
