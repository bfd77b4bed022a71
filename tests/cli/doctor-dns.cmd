# What doctor asks name servers, with one of our own.  Of this machine nothing but the database in the
# scratch folder is looked at.
program() { MAILAUTHCTL_DB=$SCRATCH/own/own.db "$PROGRAM" --no-push "$@" >"$SCRATCH/stdout" 2>&1; }
own() { program "$@" || sed "s/^/! /" "$SCRATCH/stdout"; }
look() { # check, option of doctor...
	program doctor "$@" --resolver "$dns"
	local status=$?
	echo "\$ doctor $*"
	sed "s|$dns|NAMESERVER|g; s|$SCRATCH|SCRATCH|g" "$SCRATCH/stdout" | unkeyed | undated
	[ $status = 0 ] || echo "[exit $status]"
}
mkdir -m 0700 "$SCRATCH/own"
own server set mta.hostname mx.example.net dns.ipv4 192.0.2.1 zone.directory "$SCRATCH/own/zones" dkim.algorithm ed25519

# ---- the host's own name, and the one of SRS ----------------------------------------------------
names() { # table
	printf '%s\n' "$@" >table
	serve_dns table
	look hostname
}
names 'mx.example.net A 192.0.2.1' '1.2.0.192.in-addr.arpa PTR mx.example.net'
names 'mx.example.net A 192.0.2.1' '1.2.0.192.in-addr.arpa PTR MX.Example.Net'
names 'mx.example.net A 192.0.2.1' '1.2.0.192.in-addr.arpa PTR other.example.net'
names 'mx.example.net A 192.0.2.1' '1.2.0.192.in-addr.arpa SERVFAIL'
names 'mx.example.net A 192.0.2.2' '1.2.0.192.in-addr.arpa PTR mx.example.net'
names 'mx.example.net AAAA 2001:db8::1' '1.2.0.192.in-addr.arpa PTR mx.example.net'
names 'other.example.net A 192.0.2.1'
names 'mx.example.net SERVFAIL'
own server set dns.ipv6 2001:db8::1
names 'mx.example.net A 192.0.2.1' 'mx.example.net AAAA 2001:db8::1' '1.2.0.192.in-addr.arpa PTR mx.example.net'
names 'mx.example.net A 192.0.2.1' 'mx.example.net AAAA 2001:db8::2' '1.2.0.192.in-addr.arpa PTR mx.example.net'
own server unset dns.ipv6
found='mx.example.net A 192.0.2.1
1.2.0.192.in-addr.arpa PTR mx.example.net'
own server set srs.enabled on srs.domain bounce.example.org
names "$found" 'bounce.example.org MX 10 mx.example.net' 'bounce.example.org TXT v=spf1 mx -all'
names "$found" 'bounce.example.org A 192.0.2.1' 'bounce.example.org TXT site=1' 'bounce.example.org TXT v=spf1 mx -all'
names "$found" 'bounce.example.org MX 10 mx.example.net' 'bounce.example.org TXT v=spf2.0/pra mx -all' 'bounce.example.org TXT v=spf10 mx -all'
names "$found" 'bounce.example.org TXT v=spf1 mx -all'
names "$found" 'bounce.example.org SERVFAIL'
own server unset srs.domain
names "$found" 'mx.example.net TXT v=spf1 a -all'
own server set srs.enabled off
names "$found"

# ---- our records and keys -----------------------------------------------------------------------
own domain add example.com
own record set example.com t2 'v=DMARC1; p=none'
own domain enable-dkim example.com
key=$(own key show example.com; sed -n 's/.*\(v=DKIM1[^"]*\).*/\1/p' "$SCRATCH/stdout" | head -1)
spf='example.com TXT v=spf1 a mx a:mx.example.net -all'
dmarc='_dmarc.example.com TXT v=DMARC1; p=none'
dkim="default._domainkey.example.com TXT $key"
others='example.com A 192.0.2.1
example.com MX 10 mx.example.net
mx.example.net A 192.0.2.1
_domainkey.example.com TXT o=-'
own record set example.com t1 'v=spf1 a mx a:mx.example.net -all'
records() { # table
	printf '%s\n' "$@" >table
	serve_dns table
	look dns
}
records "$others" "$spf" "$dmarc" "$dkim"
records "$others" "$spf" "$dmarc"
records "$others" "$spf" "$dkim"
records "$others" "$spf" "$dkim" '_dmarc.example.com SERVFAIL'
records "$others" "$dmarc" "$dkim" 'example.com TXT v=spf1 mx -all'
# other texts at the same name are not counted; two policies, two keys are
records "$others" "$spf" "$dmarc" "$dkim" 'example.com TXT site=1' '_dmarc.example.com TXT site=2'
records "$others" "$spf" "$dmarc" "$dkim" 'example.com TXT V=SPF1 mx -all' '_dmarc.example.com TXT v=DMARC1; p=reject'
records "$others" "$spf" "$dmarc" "$dkim" 'default._domainkey.example.com TXT site=3'
# SPF that is published as it is here, but does not work
records "$spf" "$dmarc" "$dkim"
own record set example.com t1 'v=spf1 include:none.example -all'
records "$others" "$dmarc" "$dkim" 'example.com TXT v=spf1 include:none.example -all'
own record set example.com t1 'v=spf1 a mx a:mx.example.net -all'
# what publishes a record, by how the zone is served
own server set zone.reload true
records "$others" "$spf" "$dkim"
own server set zone.reload 'true <domain> x'
records "$others" "$spf" "$dkim"
own domain set example.com dns.service external
records "$others" "$spf" "$dkim"
records "$others" "$spf" "$dmarc" "$dkim" 'example.com TXT v=spf1 mx -all'
own domain unset example.com dns.service
# a key that does not sign any more or yet, an alias, domains that are suspended
own domain disable-dkim example.com
records "$others" "$spf" "$dmarc" "$dkim"
own domain set example.com dns.service off
records "$others"
own domain unset example.com dns.service
own domain add new.example
own domain set new.example dns.service external
own domain enable-dkim new.example
new='*.new.example TXT v=DMARC1; p=none
new.example TXT v=spf1 ip4:192.0.2.1 -all'
own record set new.example t1 'v=spf1 ip4:192.0.2.1 -all'
records "$others" "$spf" "$dmarc" "$new" 'default._domainkey.new.example TXT v=DKIM1; k=ed25519; p='
records "$others" "$spf" "$dmarc" 'new.example TXT v=spf1 ip4:192.0.2.1 -all' '_dmarc.new.example TXT v=DMARC1; p=none'
own domain remove new.example
own domain add --alias-of example.com alias.example
records "$others" "$spf" "$dmarc" "$dkim"
own domain suspend example.com alias.example
records "$others" "$spf" "$dmarc" "$dkim"
own domain resume example.com
own domain remove alias.example
# serials of whole zones: the name server has no SOA record
own server set zone.format full
own record add example.com @ SOA 'ns1.example.net. h.example.net. 1 7200 3600 1209600 3600'
own record add example.com @ NS ns1.example.net.
own zone export example.com
records "$others" "$spf" "$dmarc" "$dkim"
# 50 domains that were changed last; with --all each
own server unset zone.format
own domain remove example.com
for i in $(seq 51); do echo "d$i.example"; done >names
own domain add --domains-from names
for want in '*.example TXT v=spf1 +a +mx +a:mx.example.net -all' 'd1.example TXT site=1'; do
	printf '%s\n' "$want" '*.example TXT v=DMARC1; p=none' '*.example A 192.0.2.1' 'mx.example.net A 192.0.2.1' >table
	serve_dns table
	look dns | tail -6
	look dns --all | tail -6
done

# ---- the name server itself ---------------------------------------------------------------------
answer() { look resolver | sed 's/answered in [0-9]* ms/answered in N ms/'; }
answer
sed 's/\..*//' names | while read -r name; do echo "$name.example SERVFAIL"; done >table
serve_dns table
answer
