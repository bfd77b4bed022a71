# The part of the bench that verifies mail, beside OpenDKIM and OpenDMARC, which it sets up itself: run on
# the throw-away host of tests/e2e (see host there).  Prints the bench's lines.
# shellcheck shell=bash
set -eu
cd /e2e
# shellcheck source=tests/e2e/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/line.sh
. ./line.sh
type opendkim opendmarc >/dev/null || exit 1
scale=$(cat scale)
times() { awk -v n="$1" -v s="$scale" 'BEGIN { n *= s; printf "%d", n < 3 ? 3 : n }'; }
quietly() { "$@" >>/tmp/bench.log 2>&1 || { tail -3 /tmp/bench.log; exit 1; }; }
over() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.0f", a - b }'; }
ms() { awk -v us="$1" 'BEGIN { printf "%.2f", us / 1000 }'; }

# ---- a sender, and who verifies its mail ---------------------------------------------------------

# A zone of its own up to the top: both verifiers ask for names there.  libunbound, which OpenDKIM uses, has
# its own answers for test.
openssl genrsa -out key 2048 2>/dev/null
public=$(openssl rsa -in key -pubout -outform DER 2>/dev/null | base64 -w0)
record="v=DKIM1; k=rsa; p=$public"
mkdir -p /srv/zones
{
	# shellcheck disable=SC2016 # a zone file's words
	printf '$ORIGIN net.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n'
	printf 'bench.example TXT "v=spf1 ip4:192.0.2.1 -all"\n_dmarc.bench.example TXT "v=DMARC1; p=reject"\n'
	printf 's1._domainkey.bench.example TXT %s\n' "$(fold -w 200 <<<"$record" | sed 's/.*/"&"/' | tr '\n' ' ')"
} >/srv/zones/net.zone
start_nsd
echo 'nameserver 127.0.0.1' >/etc/resolv.conf

printf '%s\n' 'version: 1' 'hostname: mx.example.test' 'dkim-verify: on' 'dmarc-check: on' 'dmarc-reject: on' >policyd.yaml
chmod -R a+rX .
for words in 'Mode v' 'Socket inet:8891@127.0.0.1' 'UserID opendkim' 'AuthservID mx.example.test' \
	'PidFile /run/opendkim/bench.pid' 'Nameservers 127.0.0.1'; do
	echo "$words"
done >opendkim.conf
for words in 'Socket inet:8893@127.0.0.1' 'UserID opendmarc' 'AuthservID mx.example.test' \
	'TrustedAuthservIDs mx.example.test' 'RejectFailures true' 'SPFSelfValidate true' 'SPFIgnoreResults true' \
	'PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat' 'PidFile /run/opendmarc/bench.pid'; do
	echo "$words"
done >opendmarc.conf
install -d -o opendkim /run/opendkim
install -d -o opendmarc /run/opendmarc
quietly opendkim -x /e2e/opendkim.conf
quietly opendmarc -c /e2e/opendmarc.conf

quietly postconf -e inet_interfaces=all message_size_limit=0 mailbox_size_limit=0 smtpd_client_connection_count_limit=0 \
	mynetworks=192.0.2.0/24 smtpd_relay_restrictions=permit_mynetworks,reject smtpd_milters= milter_default_action=tempfail
service() { # port, milters
	quietly postconf -M "192.0.2.2:$1/inet=192.0.2.2:$1 inet n - n - - smtpd -o smtpd_milters=$2 -o content_filter=discard:"
}
service 2525 ''
service 2526 unix:private/verifier
service 2527 inet:127.0.0.1:8891,inet:127.0.0.1:8893
quietly postconf -M 'verifier/unix=verifier unix - n n - 0 spawn user=nobody argv=/e2e/mailauth-policyd --config /e2e/policyd.yaml'
start_postfix
for port in 2525 2526 2527; do
	wait_for swaks --server "192.0.2.2:$port" --quit-after EHLO
done

# Each of them verifies, or it would be compared with nothing.
mail() { # octets of the body
	printf '%s\n' 'From: Joe <joe@bench.example.net>' 'To: b@example.net' 'Subject: a bench' ''
	head -c "$1" /dev/zero | tr '\0' x | fold -w 76
}
mail 10000 | perl sign.pl key bench.example.net s1 >message
sed 's/x$/y/' message >changed
for port in 2526 2527; do
	ok "port $port accepts a valid signature" python3 verify_time.py time 1 message joe@elsewhere.net $port
	fails "port $port refuses one that is not" python3 verify_time.py time 1 changed joe@elsewhere.net $port
done >checked
! grep '^not' checked || exit 1

# ---- one message after the other, and ten at once ------------------------------------------------

count=$(times 100)
for _ in 1 2 3; do
	python3 verify_time.py time "$count" message joe@bench.example.net 2525 2526 2527
done >one.times
best() { cut -d' ' -f"$1" one.times | sort -n | head -1; }
none=$(best 1) ours=$(over "$(best 3)" "$none") theirs=$(over "$(best 5)" "$none")
r=$(ratio "$ours" "$theirs")
line "verifying 10 kB through Postfix: ours / OpenDKIM and OpenDMARC" \
	"$r (+$(ms "$ours") / +$(ms "$theirs") ms, over $(ms "$none"))" "at most 0.5" "$(holds "$r" '<=' 0.5)"
for _ in 1 2 3; do
	python3 verify_time.py many "$(times 30)" message joe@bench.example.net 2525 2526 2527
done >many.rates
most() { cut -d' ' -f"$1" many.rates | sort -n | tail -1; }
r=$(ratio "$(most 2)" "$(most 3)")
line "    ten at once" "$r ($(most 2) / $(most 3) a second, $(most 1) unverified)" "at least 2" "$(holds "$r" '>=' 2)"

# ---- a large message -----------------------------------------------------------------------------

mail 50000000 | perl sign.pl key bench.example.net s1 >large
for _ in 1 2 3; do
	python3 verify_time.py time 1 large joe@bench.example.net 2525 2526
done >large.times
sha256() {
	local begin=${EPOCHREALTIME/./}
	openssl dgst -sha256 large >/dev/null
	echo $((${EPOCHREALTIME/./} - begin))
}
hash=$(for _ in 1 2 3 4 5; do sha256; done | sort -n | head -1)
none=$(cut -d' ' -f2 large.times | sort -n | head -1) ours=$(cut -d' ' -f4 large.times | sort -n | head -1)
added=$(over "$ours" "$none")
r=$(ratio "$added" "$hash")
line "verifying 50 MB: time added / openssl dgst -sha256" \
	"$r (+$(ms "$added") / $(ms "$hash") ms, over $(ms "$none"))" "at most 1.3" "$(holds "$r" '<=' 1.3)"

# ---- the filter alone: memory, and round trips ---------------------------------------------------

milter() { perl milter.pl "$@" -- ./mailauth-policyd --config policyd.yaml --log-stderr 2>log; }
milter show=memory helo=mail.bench.example.net sender=joe@bench.example.net large >memory
for row in 1:idle:3072 2:"with 50 MB":6144; do
	IFS=: read -r number what most <<<"$row"
	used=$(sed -n 's/^memory //p' memory | sed -n "${number}p")
	line "mail filter: private memory, $what" "$used KiB" "at most $most KiB" "$(holds "$used" '<=' "$most")"
done

author=a.b.c.d.e.f.g.h.deep.test
{
	echo "deep.test TXT v=DMARC1; p=reject"
	echo "bounce.test TXT v=spf1 ip4:192.0.2.1 -all"
	for i in 1 2 3 4 5; do echo "s$i._domainkey.d$i.deep.test TXT $record"; done
} | sed 's/^deep.test/_dmarc.deep.test/' >table
./dnsd --address 192.0.2.9 --port 53 --delay 50 table >dnsd.address &
wait_for test -s dnsd.address
echo 'nameserver 192.0.2.9' >/etc/resolv.conf
printf '%s\n' "From: joe@$author" 'To: b@example.net' 'Subject: a bench' '' hello >walk
for i in 1 2 3 4 5; do perl sign.pl key "d$i.deep.test" "s$i" <walk >next && mv next walk; done
for _ in 1 2 3 4 5; do
	milter helo=mail.bench.example.net sender=joe@bounce.test walk >answer
	grep -q '^c' answer && sed -n 's/.* dmarc=pass .*time=\([0-9.]*\)ms$/\1/p' log
done >walk.times
[ "$(wc -l <walk.times)" = 5 ] || { echo "no pass: $(cat log)"; exit 1; }
r=$(sort -n walk.times | head -1)
line "a walk of 8 names, five keys and SPF, answers after 50 ms" "$r ms" "at most 3 x 50 ms" "$(holds "$r" '<=' 170)"
