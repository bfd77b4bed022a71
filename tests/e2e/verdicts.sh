# Verdicts on incoming mail through real Postfix: the tree walk with np, t and psd, name servers that fail
# or are silent at each step, messages in UTF-8, of 50 MB, with 400 kB of header fields, with 40
# signatures, mailing lists, and every shape of a forged From field.
# shellcheck shell=bash
# shellcheck source=tests/e2e/batch.sh
. /e2e/batch.sh
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
mkdir -p /tmp/out

# ---- the world's names -----------------------------------------------------------------------------

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /srv/sender.pem 2>/dev/null
key="TXT v=DKIM1; k=rsa; p=$(openssl pkey -in /srv/sender.pem -pubout -outform DER | base64 -w0)"
table=/srv/names
dmarc() { # domain, tags of its record; the domain sends from 192.0.2.5 and has a key
	printf '%s TXT v=spf1 ip4:192.0.2.5 -all\nsel._domainkey.%s %s\n' "$1" "$1" "$key"
	[ -z "${2:-}" ] || printf '_dmarc.%s TXT v=DMARC1; %s\n' "$1" "$2"
}
{
	dmarc other.example
	dmarc real.np.example
	dmarc np.example 'p=none; np=reject'
	dmarc sp.example 'p=reject; sp=quarantine'
	dmarc real.sp.example
	dmarc mild.example 'p=reject; np=none'
	dmarc t.example 'p=reject; t=y'
	dmarc tq.example 'p=quarantine; t=y'
	dmarc tn.example 'p=none; np=reject; t=y'
	dmarc bank.example 'p=reject; psd=y'
	dmarc one.bank.example
	dmarc two.bank.example
	dmarc corp.example 'p=none'
	dmarc dept.corp.example 'p=reject; psd=n'
	dmarc x.dept.corp.example
	dmarc deep.example 'p=reject'
	dmarc i.deep.example
	dmarc b.c.d.e.f.g.h.i.deep.example 'p=none'
	dmarc strict.example 'p=reject; adkim=s; aspf=s'
	dmarc sub.strict.example
	dmarc relaxed.example 'p=reject'
	dmarc sub.relaxed.example
	dmarc reject.example 'p=reject'
	dmarc quarantine.example 'p=quarantine'
	dmarc xn--bcher-kva.example 'p=reject'
	dmarc lists.example
	# no answer at a key, at each step of a walk, at SPF, at the name itself
	for kind in SERVFAIL TIMEOUT; do
		k=${kind,,}
		dmarc key-$k.example 'p=reject'
		echo "bad._domainkey.key-$k.example $kind"
		for step in 1 2 3 4; do
			dmarc w$step.$k$step 'p=reject'
			dmarc x.y.w$step.$k$step
			dmarc m.w$step.$k$step
		done
		printf '%s '$kind'\n' _dmarc.x.y.w1.${k}1 _dmarc.y.w2.${k}2 _dmarc.w3.${k}3 _dmarc.${k}4
		dmarc signer-$k.example 'p=reject'
		dmarc m.signer-$k.example
		echo "_dmarc.m.signer-$k.example $kind"
		dmarc spf-$k.example 'p=reject'
		printf '%s '$kind'\n' bounce.spf-$k.example bounce.far-$k.example
		dmarc exists-$k.example 'p=none; np=reject'
		echo "x.exists-$k.example $kind"
	done
	for i in {1..39}; do echo "s$i._domainkey.lists.example $key"; done
} | sed '/^spf-[a-z]*.example TXT v=spf1/d' >$table
/e2e/dnsd --address 127.0.0.1 --port 53 --count /tmp/questions $table >/tmp/dnsd &
wait_for test -s /tmp/dnsd
postconf -e message_size_limit=0 mailbox_size_limit=0 smtpd_error_sleep_time=0 \
	local_header_rewrite_clients=
start_opendkim
start_postfix
ok "mta adopt" mailauthctl mta adopt --yes
ok "DMARC" mailauthctl server set dkim.verify on spf.check on dmarc.check on

# ---- rows ------------------------------------------------------------------------------------------

# A row is "ID|SENDER|FROM|SIGNERS|WANTED": the client may send for the domain of SENDER unless that begins
# with '!'; SIGNERS are rows of sign.py without their id, separated by commas.
put_rows() {
	local id sender from signers
	while IFS='|' read -r id sender from signers _; do
		write $id "$from"
		sign $id "$signers"
		case $sender in
		!*) queue $id 192.0.2.6 "${sender#!}" ;;
		*) queue $id 192.0.2.5 "$sender" ;;
		esac
	done
}
sign() { # id, signers
	local signer
	while [ -n "$2" ] && read -r signer; do
		echo "$1 $signer" >>/tmp/to-sign
	done <<<"${2//,/$'\n'}"
}
check_rows() { # what they are about
	local id wanted
	while IFS='|' read -r id _ _ _ wanted; do
		is "$1: $id" "$(outcome $id)" "$wanted"
	done
}
try_rows() {
	put_rows <<<"$2"
	send_all
	check_rows "$1" <<<"$2"
}

# ---- the tree walk ---------------------------------------------------------------------------------

other='!x@other.example'
try_rows "the policy" "np-exists|$other|a@real.np.example||250 dkim=none spf=fail dmarc=fail (p=none dis=none)
np-does-not|$other|a@ghost.np.example||550 5.7.1
np-below|$other|a@ghost.real.np.example||550 5.7.1
np-passes|x@np.example|a@ghost.np.example||250 dkim=none spf=pass dmarc=pass (p=reject dis=none)
sp-itself|$other|a@sp.example||550 5.7.1
sp-exists|$other|a@real.sp.example||250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)
sp-does-not|$other|a@ghost.sp.example||250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)
np-milder|$other|a@ghost.mild.example||250 dkim=none spf=fail dmarc=fail (p=none dis=none)
t-reject|$other|a@t.example||250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)
t-quarantine|$other|a@tq.example||250 dkim=none spf=fail dmarc=fail (p=none dis=none)
t-np|$other|a@ghost.tn.example||250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)
psd-itself|$other|a@bank.example||550 5.7.1
psd-neighbour|$other|a@one.bank.example|two.bank.example|550 5.7.1
psd-own|$other|a@x.one.bank.example|one.bank.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
psd-n-above|$other|a@x.dept.corp.example|corp.example|550 5.7.1
psd-n-own|$other|a@x.dept.corp.example|dept.corp.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
walk-8-queries|$other|a@a.b.c.d.e.f.g.h.i.deep.example||550 5.7.1
walk-8-aligned|$other|a@a.b.c.d.e.f.g.h.i.deep.example|i.deep.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
strict-dkim|$other|a@strict.example|sub.strict.example|550 5.7.1
strict-spf|x@sub.strict.example|a@strict.example||550 5.7.1
strict-same|$other|a@sub.strict.example|sub.strict.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
relaxed-dkim|$other|a@relaxed.example|sub.relaxed.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
relaxed-spf|x@sub.relaxed.example|a@relaxed.example||250 dkim=none spf=pass dmarc=pass (p=reject dis=none)
relaxed-down|$other|a@sub.relaxed.example|relaxed.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)"

# ---- no answer from DNS ----------------------------------------------------------------------------

rows=
for k in servfail timeout; do
	rows+="$k-key|$other|a@key-$k.example|key-$k.example bad|451 4.7.1
$k-key-spf|x@key-$k.example|a@key-$k.example|key-$k.example bad|250 dkim=temperror spf=pass dmarc=pass (p=reject dis=none)
$k-key-good-too|$other|a@key-$k.example|key-$k.example bad,key-$k.example|250 dkim=pass dkim=temperror spf=fail dmarc=pass (p=reject dis=none)
$k-key-elsewhere|$other|a@reject.example|key-$k.example bad|550 5.7.1
$k-step-1|$other|a@x.y.w1.${k}1||250 dkim=none spf=fail dmarc=temperror
$k-step-2|$other|a@x.y.w2.${k}2||250 dkim=none spf=fail dmarc=temperror
$k-step-3|$other|a@x.y.w3.${k}3||250 dkim=none spf=fail dmarc=temperror
$k-step-1-aligned|$other|a@x.y.w1.${k}1|x.y.w1.${k}1|250 dkim=pass spf=fail dmarc=temperror
$k-step-4|$other|a@w4.${k}4||550 5.7.1
$k-step-4-same|$other|a@w4.${k}4|w4.${k}4|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
$k-step-4-relaxed|$other|a@w4.${k}4|m.w4.${k}4|451 4.7.1
$k-signer|$other|a@signer-$k.example|m.signer-$k.example|451 4.7.1
$k-spf|x@bounce.spf-$k.example|a@spf-$k.example||451 4.7.1
$k-spf-elsewhere|x@bounce.far-$k.example|a@reject.example||550 5.7.1
$k-exists|$other|a@x.exists-$k.example||250 dkim=none spf=fail dmarc=temperror
"
done
try_rows "no answer" "${rows%$'\n'}"

# ---- messages in UTF-8 -----------------------------------------------------------------------------

try_utf8() { # rows as above
	local id sender from signers wanted
	while IFS='|' read -r id sender from signers _; do
		write $id "$from"
		sign $id "$signers"
		case $sender in
		!*) queue $id 192.0.2.6 "${sender#!}" utf8 ;;
		*) queue $id 192.0.2.5 "$sender" utf8 ;;
		esac
	done <<<"$1"
	send_all
	check_rows "UTF-8" <<<"$1"
}
bucher=xn--bcher-kva.example
try_utf8 "u-label|$other|josé@bücher.example||550 5.7.1
u-label-dkim|$other|josé@bücher.example|$bucher|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
u-label-signer|$other|José <josé@bücher.example>|bücher.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
a-label-signer|$other|a@$bucher|bücher.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
u-label-spf|josé@bücher.example|a@$bucher||250 dkim=none spf=pass dmarc=pass (p=reject dis=none)
u-label-upper|$other|a@BÜCHER.example||550 5.7.1
u-label-wide|$other|a@ｒｅｊｅｃｔ。example||550 5.7.1"

# ---- large messages --------------------------------------------------------------------------------

message() { # id: the fields of a message, without the line that ends them
	write "$1" "a@reject.example"
	head -6 "/tmp/out/$1"
}
fill() { # octets, width of a line
	head -c "$1" /dev/zero | tr '\0' x | fold -w "$2"
	echo
}
for id in headers headers-broken; do
	{ message $id; for i in {1..100}; do echo "X-$i: $(fill 4000 998 | sed '2,$s/^/ /')"; done; printf '\nhello\n'; } >/tmp/new
	mv /tmp/new /tmp/out/$id
	sign $id reject.example
done
ok "400 kB of header fields" test "$(sed '/^$/q' /tmp/out/headers | wc -c)" -gt 400000
for id in body body-broken body-unsigned; do
	{ message $id; echo; fill 52428800 72; } >/tmp/new
	mv /tmp/new /tmp/out/$id
	[ $id = body-unsigned ] || sign $id reject.example
done
{ for i in {1..39}; do echo "lists.example s$i"; done; echo reject.example; } >/tmp/signers
for id in forty forty-broken forty-others; do
	write $id a@reject.example
	sign $id "$(shuf --random-source=/srv/sender.pem /tmp/signers | paste -sd,)"
done
sed -i '/^forty-others reject/d' /tmp/to-sign
python3 /e2e/sign.py </tmp/to-sign
: >/tmp/to-sign
is "40 signatures" "$(grep -c ^DKIM-Signature: /tmp/out/forty)" 40
sed -i 's/^To: inbox@example.test/To: other@example.test/' /tmp/out/headers-broken /tmp/out/forty-broken
sed -i '$s/x/y/' /tmp/out/body-broken
for id in headers headers-broken body body-broken body-unsigned forty forty-broken forty-others; do
	queue $id 192.0.2.6 x@other.example
done
WAIT=60 send_all
for id in headers body forty; do
	is "$id: passes" "$(outcome $id | grep -oE '^250|dmarc=.*' | paste -sd' ')" "250 dmarc=pass (p=reject dis=none)"
done
for id in headers-broken body-broken body-unsigned forty-broken forty-others; do
	is "$id: refused" "$(outcome $id)" "550 5.7.1"
done
is "ten signatures are verified, the author's among them" \
	"$(fields forty | grep -o 'dkim=pass' | wc -l) $(fields forty | grep -c 'dkim=pass [^;]*header.d=reject.example')" "10 1"
is "the body arrives whole" "$(sed '1,/^$/d' /tmp/delivered/body | sha256sum)" "$(sed '1,/^$/d' /tmp/out/body | sha256sum)"
is "the header fields too" "$(grep -c '^X-[0-9]*: x' /tmp/delivered/headers)" 100

# ---- mailing lists ---------------------------------------------------------------------------------

list() { # id, domain of the author: as a list sends it on, with a signature of its own
	write "$1" "a@$2"
	echo "$1 $2" | python3 /e2e/sign.py
	sed -i '1iList-Id: <l.lists.example>\nPrecedence: list' "/tmp/out/$1"
	[[ $1 != breaks* ]] || sed -i -e 's/^Subject: /&[list] /' -e '$a-- \nlists.example mailing list' "/tmp/out/$1"
	sign "$1" lists.example
	queue "$1" 192.0.2.5 bounces@lists.example
}
lists() {
	for domain in reject quarantine; do
		list keeps-$domain $domain.example
		list breaks-$domain $domain.example
	done
	send_all
}
lists
for domain in reject quarantine; do
	is "a list that keeps the signature, p=$domain" "$(outcome keeps-$domain)" \
		"250 dkim=pass dkim=pass spf=pass dmarc=pass (p=$domain dis=none)"
done
broken="250 dkim=fail dkim=pass spf=pass dmarc=fail"
is "one that breaks it is refused" "$(outcome breaks-reject)" "550 5.7.1"
is "or marked, as its policy says" "$(outcome breaks-quarantine)" "$broken (p=quarantine dis=quarantine)"
ok "dmarc.reject off" mailauthctl server set dmarc.reject off
lists
is "marked only" "$(outcome breaks-reject)" "$broken (p=reject dis=quarantine)"
is "the other one passes" "$(outcome keeps-reject)" "250 dkim=pass dkim=pass spf=pass dmarc=pass (p=reject dis=none)"
ok "dmarc.reject on, the list an exception" mailauthctl server set dmarc.reject on dmarc.exceptions lists.example
lists
is "it is delivered, with its results" "$(outcome breaks-reject)" "$broken (p=reject dis=none)"
ok "no exception" mailauthctl server unset dmarc.exceptions

# ---- forged From fields ----------------------------------------------------------------------------

# SPF passes for the client of each: "NAME|FIELDS|AUTHOR", the author's domain in the results; "-": refused.
long=$(head -c 2100 /dev/zero | tr '\0' x)
froms="plain|From: a@reject.example|-
display|From: \"ceo@reject.example\" <a@other.example>|other.example
long-display|From: \"$long\" <a@reject.example>|-
blanks|From: a @ reject.example|-
unclosed|From: \"Foo <a@other.example>|-
none|X: y|-
empty|From:|-
two|From: a@other.example\nFrom: a@reject.example|-
two-same|From: a@other.example\nFrom: a@other.example|-
two-blank|From: a@other.example\nFrom : a@reject.example|-
list|From: a@other.example, b@reject.example|-
list-same|From: a@other.example, b@Other.Example.|other.example
group|From: friends: a@other.example, b@reject.example;|-
empty-group|From: undisclosed:;|-
literal|From: a@[192.0.2.5]|-
literal-too|From: a@[192.0.2.5], a@other.example|-
route|From: <@other.example:a@reject.example>|-
comment|From: a@reject.example (<x@other.example>)|-
comment-in-domain|From: a@other(x).example|other.example
nested|From: a@other.example ($(printf '(%.0s' {1..100})x$(printf ')%.0s' {1..100}))|-
quoted-local|From: \"a@reject.example\"@other.example|other.example
two-angles|From: <a@other.example> <a@reject.example>|-
angle-in-angle|From: <a@other.example<a@reject.example>>|-
comma-in-name|From: Doe, John <a@other.example>|-
encoded-domain|From: a@=?us-ascii?q?other.example?=|-
encoded-address|From: =?us-ascii?q?a=40other.example?=|-
folded|From:\n a@\n\treject.example|-
folded-other|From:\n\t\"x\n y\" <a\n @other.example>|other.example
case|fROM: a@Reject.EXAMPLE|-
dot|From: a@reject.example.|-
dots|From: a@reject..example|-
escape|From: a@reject\\\\.example|-
nul|From: a@other.example\0 <b@reject.example>|other.example
control|From: a@other.example\001|-
cr|From: a@other.example\rFrom: a@reject.example|-
cr-elsewhere|From: a@other.example\nX: y\rFrom: a@reject.example|-
cr-before|X: y\rFrom: a@reject.example\nFrom: a@other.example|-
cr-lines|X: y\r\rFrom: a@reject.example\nFrom: a@other.example|-
cr-folded|From: a@other.example\nX: y\r From: a@reject.example|other.example
at-twice|From: a@other.example@reject.example|-
semicolon|From: a@other.example; b@reject.example|-
sender-too|From: a@reject.example\nSender: a@other.example|-
no-domain|From: ceo|-
no-local|From: @other.example|-
underscore|From: a@sub_x.other.example|sub_x.other.example
percent|From: a%reject.example@other.example|other.example
resent|Resent-From: a@reject.example\nFrom: a@other.example|other.example
huge|From: a@other.example (\n $(fill 66000 900 | sed 's/$/\\n /' | tr -d '\n'))|-"
put_froms() {
	local name from
	while IFS='|' read -r name from _; do
		printf '%b\nX-Test: from-%s\nTo: inbox@example.test\n\nhello\n' "$from" "$name" >/tmp/out/from-$name
		queue from-$name 192.0.2.5 x@other.example
	done <<<"$froms"
	send_all
}
author() { # id
	case $(reply "$1") in
	250*) fields "$1" | grep -oE '(header.from=|dmarc=permerror).*' | sed -e 's/^header.from=//' -e 's/[ ;].*//' ;;
	550*) echo - ;;
	*) reply "$1" ;;
	esac
}
# Postfix makes a stray CR a blank, unless it is told not to, or is too old for that.
postconf -e cleanup_replace_stray_cr_lf=no
postfix reload >/dev/null 2>&1
put_froms
while IFS='|' read -r name _ wanted; do
	is "From, $name" "$(author from-$name)" "$wanted"
done <<<"$froms"
is "Postfix cuts it at NUL: nobody sees more than the filter" "$(grep -ac reject.example /tmp/delivered/from-nul)" 0

# ---- forged results --------------------------------------------------------------------------------

id=mx.example.test
claims="u-label|Authentication-Results: ｍx.example.test; %s
escapes|Authentication-Results: \\\\m\\\\x.example.test; %s
quotes|Authentication-Results: \"\"$id; %s
dot|Authentication-Results: $id.; %s
second-word|Authentication-Results: other.example $id; %s
encoded|Authentication-Results: =?us-ascii?q?$id?=; %s
control|Authentication-Results: \001$id; %s
nul|Authentication-Results: mx.exam\0ple.test; %s
open-comment|Authentication-Results: ($id; %s
open-quote|Authentication-Results: \"$id; %s
no-blank|Authentication-Results:$id; %s
folded-often|Authentication-Results:\n \n\t$id\n ;\n %s
tab-before-colon|Authentication-Results\t: $id; %s
after-the-others|X: y\nauthentication-results: $id; %s"
while IFS='|' read -r name lines; do
	for domain in reject quarantine; do
		write claims-$name-$domain a@$domain.example "${lines//%s/dkim=pass header.d=$domain.example; dmarc=pass}"
		queue claims-$name-$domain 192.0.2.6 x@other.example
	done
done <<<"$claims"
hidden="hidden-cr|X: y\rAuthentication-Results: $id; dkim=pass
hidden-from|From: a@other.example\rAuthentication-Results: $id; dkim=pass"
while IFS='|' read -r name lines; do
	write $name a@other.example "$lines"
	queue $name 192.0.2.5 x@other.example
done <<<"$hidden"
send_all
while IFS='|' read -r name _; do
	is "forged, $name: refused" "$(reply claims-$name-reject)" "550 5.7.1"
	is "forged, $name: what is delivered says what was seen" "$(outcome claims-$name-quarantine)" \
		"250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)"
	is "forged, $name: nothing of it is left" "$(sed '/^$/q' /tmp/delivered/claims-$name-quarantine | grep -ac 'dkim=pass')" 0
done <<<"$claims"
while IFS='|' read -r name _; do
	is "forged, $name: refused" "$(reply $name)" "550 5.7.1"
done <<<"$hidden"

# ---- a content filter, and a trusted relay -----------------------------------------------------------

cat >>/etc/postfix/master.cf <<'CONF'
scan      unix  -       -       n       -       10      smtp
127.0.0.1:10026 inet n  -       n       -       10      smtpd
    -o content_filter=
CONF
postconf -e content_filter=scan:[127.0.0.1]:10026
postfix reload >/dev/null 2>&1
ok "mta push" mailauthctl mta push
try_rows "filtered" "filter-good|$other|a@reject.example|reject.example|250 dkim=pass spf=fail dmarc=pass (p=reject dis=none)
filter-marked|$other|a@quarantine.example||250 dkim=none spf=fail dmarc=fail (p=quarantine dis=quarantine)
filter-bad|$other|a@reject.example||550 5.7.1"
is "verified once" "$(fields filter-good | grep -c dmarc=)" 1
ok "a trusted relay" mailauthctl server set mta.trusted-relays 192.0.2.6
try_rows "a trusted relay" "relayed|$other|a@reject.example||250 "
ok "none" mailauthctl server unset mta.trusted-relays
try_rows "none" "not-relayed|$other|a@reject.example||550 5.7.1"
done_testing
