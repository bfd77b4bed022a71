# What counts as a published key, asked of real name servers; and that nobody waits for silent ones or
# for keys that are being made.
#
# 127.0.0.1 answers for a resolver: it has the NS records and addresses of all zones.  Their own servers
# are 127.0.0.2 (the domains), 127.0.0.3 (a provider, and a delegation) and 127.0.0.9, which never
# answers.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

mkdir -p /srv/2 /srv/3
zone() { # folder, zone, address of its server, lines on standard input
	{
		# shellcheck disable=SC2016 # the zone file's own words
		printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A %s\n' "$2" "$3"
		cat
	} >"$1/$2.zone"
}
# As 127.0.0.1 knows it: where to ask.
known() { zone /srv/zones "$1" "$2" <<<"${3:-}"; }

dead=$(seq -f 'dead%02g.test' 12)
known plain.test 127.0.0.2
known aliased.test 127.0.0.2 'default._domainkey CNAME k1.provider.test.'
known dname.test 127.0.0.2
known cut.test 127.0.0.2 "_domainkey NS ns.provider.test."
known zlate.test 127.0.0.2
known provider.test 127.0.0.3
known _domainkey.cut.test 127.0.0.3
for domain in $dead; do known "$domain" 127.0.0.9; done

zone /srv/2 plain.test 127.0.0.2 </dev/null
zone /srv/2 zlate.test 127.0.0.2 </dev/null
zone /srv/2 aliased.test 127.0.0.2 <<<'default._domainkey CNAME k1.provider.test.'
zone /srv/2 dname.test 127.0.0.2 <<<'_domainkey DNAME keys.provider.test.'
zone /srv/2 cut.test 127.0.0.2 <<<'_domainkey NS ns.provider.test.'
zone /srv/3 provider.test 127.0.0.3 </dev/null
zone /srv/3 _domainkey.cut.test 127.0.0.3 </dev/null

start_server() { # number
	local file
	{
		printf 'server:\n ip-address: 127.0.0.%s\n username: ""\n database: ""\n' "$1"
		printf ' pidfile: "/run/nsd/%s.pid"\n xfrdfile: ""\n zonelistfile: "/run/nsd/%s.list"\n' "$1" "$1"
		printf ' rrl-ratelimit: 0\n rrl-whitelist-ratelimit: 0\n'
		printf 'remote-control:\n control-enable: yes\n control-interface: /run/nsd/control%s\n' "$1"
		for file in /srv/"$1"/*.zone; do
			printf 'zone:\n name: %s\n zonefile: %s\n' "$(basename "$file" .zone)" "$file"
		done
	} >"/etc/nsd/$1.conf"
	nsd -d -c "/etc/nsd/$1.conf" >"/var/log/nsd$1.log" 2>&1 &
	wait_for nsd-control -c "/etc/nsd/$1.conf" status
}
for zone in /srv/zones/*.zone; do
	printf 'zone:\n name: %s\n zonefile: %s\n' "$(basename "$zone" .zone)" "$zone"
done >/etc/nsd/nsd.conf.d/own.conf
nsd-control reconfig >/dev/null
start_server 2
start_server 3
# /run/asked exists from the first question on
python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.9", 53))
open("/run/silent", "w")
while True:
    s.recvfrom(4096)
    open("/run/asked", "w")
' &
wait_for test -e /run/silent
ok "the servers are there" wait_for drill -Q SOA dname.test @127.0.0.2

# New data of a name at server 2 or 3: TXT as a zone file has it.
serial=1
put() { # number, zone, line
	serial=$((serial + 1))
	sed -i -e "s/hostmaster [0-9]*/hostmaster $serial/" -e '/ TXT /d' "/srv/$1/$2.zone"
	printf '%s\n' "$3" >>"/srv/$1/$2.zone"
	nsd-control -c "/etc/nsd/$1.conf" reload "$2" >/dev/null
	wait_for serves "$1" "$2"
}
serves() { drill SOA "$2" "@127.0.0.$1" | grep -q "hostmaster.* $serial "; }
# The record's text, and a line of a zone file with it (255 octets a string).
text() { mailauthctl --json key export "$1" | jq -r .data; }
line() { printf '%s TXT %s' "$1" "$(fold -w 200 <<<"$2" | sed -e 's/[\\"]/\\&/g' -e 's/.*/"&"/' | tr '\n' ' ')"; }

mailauthctl server set mta.hostname mx.example.test dns.service external zone.reload /bin/true
mailauthctl domain add plain.test aliased.test dname.test cut.test zlate.test
mailauthctl domain enable-dkim plain.test aliased.test dname.test cut.test zlate.test >/dev/null 2>&1
# "state fault" of a domain
seen() { mailauthctl --json key check "$1" --resolver 127.0.0.1 2>/dev/null | jq -r '.[] | "\(.state) \(.fault)"'; }
state() { mailauthctl --json key list "$1" | jq -r '.[].state'; }

# ---- one record -----------------------------------------------------------------------------------

key=$(text plain.test)
p=${key#*p=}
while IFS='|' read -r wanted record; do
	put 2 plain.test "$(line default._domainkey "$record")"
	is "$(cut -c1-60 <<<"$record")..." "$(seen plain.test)" "different $wanted"
done <<END
version|v=dkim1; k=rsa; p=$p
hash|v=DKIM1; k=rsa; h=sha1; p=$p
service|v=DKIM1; k=rsa; s=tlsrpt; p=$p
version-place|k=rsa; v=DKIM1; p=$p
algorithm|v=DKIM1; k=ed25519; p=$p
tag-twice|v=DKIM1; k=rsa; p=$p; p=$p
revoked|v=DKIM1; k=rsa; p=
backslash|v=DKIM1\\; k=rsa\\; p=$p
quoted|"v=DKIM1; k=rsa; p=$p"
no-key|v=DKIM1; k=rsa
cut|v=DKIM1; k=rsa; p=${p:0:200}
other-key|v=DKIM1; k=rsa; p=$(text aliased.test | sed 's/.*p=//')
END
put 2 plain.test "$(line default._domainkey "$key")
$(line default._domainkey 'v=spf1 -all')"
is "a second TXT record" "$(seen plain.test)" "different several-records"
is "nothing of it is public" "$(state plain.test)" pending
ok "the table names the fault and the server" \
	grep -q '127\.0\.0\.2: there are 2 TXT records' <<<"$(COLUMNS=200 mailauthctl key check plain.test --resolver 127.0.0.1)"
put 2 plain.test "$(line default._domainkey "v=DKIM1; k=rsa; t=y:s; h=sha1:sha256; s=email; n=note; p=$p;")"
is "what verifiers take is seen" "$(seen plain.test)" "seen null"
is "and the key is active" "$(state plain.test)" active

# ---- where it is -------------------------------------------------------------------------------------

is "a CNAME into a zone without it" "$(seen aliased.test)" "missing null"
put 3 provider.test "$(line k1 "$(text aliased.test)")
$(line default.keys "$(text dname.test)")"
is "a CNAME into a zone on other servers" "$(seen aliased.test)" "seen null"
is "a DNAME" "$(seen dname.test)" "seen null"
put 3 _domainkey.cut.test "$(line default "$(text cut.test)")"
is "a delegation below the zone" "$(seen cut.test)" "seen null"
sed -i 's/^k1 TXT.*/k1 CNAME default._domainkey.aliased.test./' /srv/3/provider.test.zone
put 3 provider.test ''
is "a loop" "$(seen aliased.test)" "different cname"

# ---- silent servers ------------------------------------------------------------------------------------

put 2 zlate.test "$(line default._domainkey "$(text zlate.test)")"
# shellcheck disable=SC2086 # words
mailauthctl domain enable-dkim $dead >/dev/null 2>&1
rm -f /run/asked
mailauthctl zone export --all >/tmp/export.out 2>&1 &
export=$!
wait_for test -e /run/asked
ok "while DNS is asked, a change is made" mailauthctl --wait 2 domain set plain.test dkim.selector other
ok "one that exports too" mailauthctl --wait 2 domain add other.test
ok "and another export" mailauthctl --wait 2 zone export plain.test
ok "all during the questions" kill -0 $export
status=0
wait $export || status=$?
is "the export says nothing" "$status $(cat /tmp/export.out)" "0 "
is "one run sees the key that comes after twelve dead ones" "$(state zlate.test)" active
is "theirs are pending" "$(state dead01.test)" pending
asked() { sqlite3 /var/lib/mailauthctl/mailauthctl.db 'SELECT count(*) FROM key_asked'; }
is "each was asked for" "$(asked)" 13
trail() { mailauthctl --json audit list | jq length; }
before=$(trail)
ok "the next run sees nothing new" mailauthctl zone export --all
is "and leaves no trace in the trail" "$(trail)" "$before"

# ---- keys that are being made ---------------------------------------------------------------------------

# shellcheck disable=SC2046 # words
mailauthctl domain add $(seq -f 'big%02g.test' 10) 2>/dev/null
mailauthctl server set dkim.rsa-bits 4096
mailauthctl domain enable-dkim --all >/tmp/enable.out 2>&1 &
enable=$!
is_making() { [ "$(find /proc/$enable/task -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ]; }
wait_for is_making
ok "while keys are made, a change is made" mailauthctl --wait 3 domain set plain.test dkim.selector third
ok "and an export" mailauthctl --wait 3 zone export plain.test
mailauthctl --wait 3 domain remove big10.test >/dev/null 2>&1
mailauthctl --wait 3 domain suspend big09.test >/dev/null 2>&1
ok "all during the work" kill -0 $enable
status=0
wait $enable || status=$?
is "of many, those that cannot be enabled any more fail" $status 1
ok "one was removed meanwhile" grep -q 'big10.test was removed at the same time' /tmp/enable.out
ok "one was suspended" grep -q 'enabled for big09.test: it is suspended' /tmp/enable.out
is "it is not added again" "$(mailauthctl --json domain list | jq '[.[] | select(.name == "big10.test")] | length')" 0
is "the others have keys" "$(sqlite3 /var/lib/mailauthctl/mailauthctl.db \
	"SELECT count(*) FROM dkim_key k JOIN domain d ON d.id = k.domain_id WHERE d.name GLOB 'big*' AND bits = 4096")" 8

# Standard input that stays open.
mkfifo /run/names
mailauthctl domain add --domains-from - </run/names >/dev/null 2>&1 &
add=$!
exec 7>/run/names
ok "whoever types names keeps nobody waiting" mailauthctl --wait 2 domain set plain.test dkim.selector fourth
echo typed.test >&7
exec 7>&-
wait $add
ok "they are taken" mailauthctl domain show typed.test
done_testing
