#!/usr/bin/env bash
# Incoming mail through the real program: a scripted client of the milter protocol (milter.pl), messages on
# standard input, requests of the policy protocol, a name server of our own on loopback.
#
# usage: tests/policyd/verify.sh MAILAUTH-POLICYD DNSD
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
[ $# = 2 ] || { echo "usage: tests/policyd/verify.sh MAILAUTH-POLICYD DNSD" >&2; exit 2; }
policyd=$(realpath "$1") dnsd=$(realpath "$2")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'kill $(cat "$dir"/*.pid 2>/dev/null) 2>/dev/null; wait; rm -rf "$dir"' EXIT

openssl genrsa -out key 2048 2>/dev/null && openssl genrsa -out small 512 2>/dev/null ||
	{ skip "mailauth-policyd verifies mail" "openssl makes no keys"; done_testing; exit; }
public() { openssl rsa -in "$1" -pubout -outform DER 2>/dev/null | base64 -w0; }
cat "$here/zone" - >zone <<ZONE
s1._domainkey.pass.example      TXT v=DKIM1; k=rsa; p=$(public key)
s1._domainkey.lists.example     TXT v=DKIM1; k=rsa; p=$(public key)
slow._domainkey.pass.example    TIMEOUT
slow._domainkey.lists.example   TIMEOUT
_dmarc.pass.example             TXT v=DMARC1; p=reject
_dmarc.fail.example             TXT v=DMARC1; p=reject
_dmarc.quarantine.example       TXT v=DMARC1; p=quarantine
_dmarc.testing.example          TXT v=DMARC1; p=reject; t=y
_dmarc.monitored.example        TXT v=DMARC1; p=none
_dmarc.down.example             SERVFAIL
slow1._domainkey.slow.example   TXT v=DKIM1; k=rsa; p=$(public key)
slow1._domainkey.slow.example   DELAY 200
slow2._domainkey.slow.example   TXT v=DKIM1; k=rsa; p=$(public key)
slow2._domainkey.slow.example   DELAY 200
slow.example                    TXT v=spf1 include:spf.slow.example -all
slow.example                    DELAY 200
spf.slow.example                TXT v=spf1 ip4:192.0.2.1 -all
spf.slow.example                DELAY 200
_dmarc.slow.example             TXT v=DMARC1; p=reject
_dmarc.slow.example             DELAY 200
ZONE
"$dnsd" --count "$dir/questions" zone >address & echo $! >dnsd.pid
for _ in {1..500}; do [ -s address ] && break; sleep 0.02; done
address=$(cat address)

settings() { # lines...
	printf '%s\n' 'version: 1' 'hostname: mx.example.net' 'dkim-verify: on' "$@" >new.yaml
	mv new.yaml policyd.yaml
}
mail() { # From, further fields...: a message
	printf '%s\n' "From: $1" 'To: b@x.test' 'Subject: hi' "${@:2}" '' 'Hello' 'world'
}
sign() { perl "$here/sign.pl" key "$@"; } # DOMAIN SELECTOR < message
milter() { # options and messages of milter.pl: what is done to them; the log in the file log
	perl "$here/milter.pl" "$@" -- "$policyd" --config policyd.yaml --nameserver "$address" --log-stderr 2>log
}
# The results alone: of the field "dkim=.. spf=.. dmarc=..", of an answer its codes.
results() {
	sed -nE -e 's/^y (... [0-9.]+) .*/\1/p' -e 's/^[\t ]*((dkim|spf|dmarc)=[a-z]+).*/\1/p' -e 's/^remove .*/remove/p' -e 's/^c /accept/p' | paste -sd' '
}

mail 'Joe <joe@pass.example>' >plain
sign pass.example s1 <plain >signed
sed 's/world/World/' signed >changed
sed 's/^Subject: hi/subject:  hi/' signed >retouched

# ---- the field ---------------------------------------------------------------------------------

settings 'dmarc-check: on' 'dmarc-reject: on'
is "the whole field" "$(milter sender=a@pass.example signed | sed -e 's/header.b=[^;]*/header.b=B/' -e 's/ $//')" \
	'insert 0 Authentication-Results: mx.example.net;
	dkim=pass (2048-bit key) header.d=pass.example header.s=s1
	header.a=rsa-sha256 header.b=B;
	spf=pass (192.0.2.1) smtp.mailfrom=pass.example;
	dmarc=pass (p=reject dis=none) header.from=pass.example policy.dmarc=reject
c
end 0'
is "the line in the log" "$(sed 's/time=[0-9.]*ms/time=T/' log)" \
	'JOB1: client=192.0.2.1 helo=mail.pass.example sender=a@pass.example dkim=pass:pass.example/s1 spf=pass spf_mailfrom=pass.example dmarc=pass from=pass.example policy=reject dis=none reason="SPF and DKIM are aligned with pass.example" forged=0 action=accept time=T'
is "what is negotiated" "$(milter show=offer plain | head -1)" "offer 6 111 147788 {auth_authen}"
is "an old client is answered at each step" \
	"$(milter version=2 actions=1f steps=7f show=offer sender=a@pass.example signed | sed -n '1p;$p')" "offer 2 11 8
end 0"
is "without the blank of each field a simple signature passes, too" \
	"$(milter steps=fffff sender=a@pass.example signed | results)" "dkim=pass spf=pass dmarc=pass accept"
is "a client that lets no field be added" "$(milter actions=10 plain; cat log)" "end 1
the mail server does not let header fields be changed"
is "a body that is not signed is skipped" "$(milter show=body chunk=4 plain | grep ^body)" "body 4 skipped"
is "also where it cannot be" "$(milter steps=1ffbff show=body chunk=4 sender=a@pass.example signed | grep ^body)" "body 14"

# ---- who is verified, and what comes of it -----------------------------------------------------

while IFS='|' read -r name wanted options; do
	# shellcheck disable=SC2086 # words
	is "$name" "$(milter $options | results)" "$wanted"
done <<'ROWS'
a valid signature|dkim=pass spf=fail dmarc=pass accept|sender=a@fail.example signed
a body that was changed|dkim=fail spf=pass dmarc=pass accept|sender=a@pass.example changed
and no SPF|550 5.7.1|sender=a@fail.example changed
a field that was changed|550 5.7.1|sender=a@fail.example retouched
an authenticated client|accept|auth=joe sender=a@fail.example changed
loopback|accept|client=127.0.0.1 sender=a@fail.example changed
loopback, IPv6|accept|client=::1 sender=a@fail.example changed
no address|accept|client=none sender=a@fail.example changed
IPv6 as sendmail writes it|550 5.7.1|client=IPv6:2001:db8::1 sender=a@fail.example changed
two messages of one connection|dkim=pass spf=pass dmarc=pass accept dkim=none spf=pass dmarc=pass accept|sender=a@pass.example signed plain
ROWS
mail a@none.example >none
is "the null sender is checked as HELO" "$(milter sender= none | results)" "dkim=none spf=pass dmarc=none accept"
is "a refusal names the domain and DMARC" "$(milter sender=a@fail.example changed)" \
	"y 550 5.7.1 The DMARC policy of pass.example refuses this message: neither SPF nor DKIM authenticates its author
end 0"
settings 'dmarc-check: on' 'dmarc-reject: on' 'trusted-relays: [192.0.2.0/24]'
is "a trusted relay" "$(milter sender=a@fail.example changed | results)" accept
settings 'dmarc-check: on'
is "without dmarc-reject it is marked" "$(milter sender=a@fail.example changed | grep -o '[[:space:]]dmarc=.*' | tr -d '\t')" \
	"dmarc=fail (p=reject dis=quarantine) header.from=pass.example"
settings
is "without dmarc-check there is no verdict" "$(milter sender=a@fail.example changed | results)" \
	"dkim=fail spf=fail accept"
settings 'check: off'
is "nor SPF without check" "$(milter sender=a@fail.example signed | results)" "dkim=pass accept"

settings 'dmarc-check: on' 'dmarc-reject: on' 'time-limit: 2'
while IFS='|' read -r from wanted; do
	mail "a@$from" >message
	is "the policy of $from" "$(milter sender=a@fail.example message | results)|$(grep -o 'dis=[a-z]*' log)" "$wanted"
done <<'ROWS'
quarantine.example|dkim=none spf=fail dmarc=fail accept|dis=quarantine
testing.example|dkim=none spf=fail dmarc=fail accept|dis=quarantine
monitored.example|dkim=none spf=fail dmarc=fail accept|dis=none
none.example|dkim=none spf=fail dmarc=none accept|dis=none
down.example|dkim=none spf=fail dmarc=temperror accept|dis=none
ROWS
sign pass.example slow <plain >waiting
is "a key that cannot be had where the policy would refuse: later" \
	"$(milter sender=a@fail.example waiting | results)" "451 4.7.1"
ok "and it says so" grep -q 'dmarc=temperror from=pass.example policy= dis=defer' log

sign lists.example slow <plain >silent
is "silent servers that the sender names leave time for the policy" \
	"$(milter sender=a@silent.example silent | results)" "550 5.7.1"

# ---- exceptions --------------------------------------------------------------------------------

mail 'Joe <joe@fail.example>' >other
sign lists.example s1 <other >list
is "a list changes mail of another domain" "$(milter sender=a@fail.example list | results)" "550 5.7.1"
while IFS='|' read -r name exceptions wanted options; do
	settings 'dmarc-check: on' 'dmarc-reject: on' "dmarc-exceptions: [$exceptions]"
	# shellcheck disable=SC2086 # words
	is "exceptions: $name" "$(milter $options | results)" "$wanted"
done <<'ROWS'
a signature's domain|Lists.Example|dkim=pass spf=fail dmarc=fail accept|sender=a@fail.example list
a signature that is not valid|lists.example, pass.example|550 5.7.1|sender=a@fail.example changed
an SPF pass|pass.example|dkim=none spf=pass dmarc=fail accept|sender=a@pass.example other
an SPF pass in other letters|pass.example|dkim=none spf=pass dmarc=fail accept|sender=a@PASS.Example other
SPF that fails|fail.example|550 5.7.1|sender=a@fail.example other
the client|192.0.2.0/24|dkim=none spf=fail dmarc=fail accept|sender=a@fail.example other
a client that is taken out|192.0.2.0/24, "!192.0.2.1"|550 5.7.1|sender=a@fail.example other
another domain|other.example, x.lists.example|550 5.7.1|sender=a@fail.example list
ROWS

# ---- From ----------------------------------------------------------------------------------------

while IFS='|' read -r name from; do
	printf '%bSubject: hi\n\nHello\n' "$from" >message
	settings 'dmarc-check: on' 'dmarc-reject: on'
	is "$name is refused" "$(milter sender=a@pass.example message | results)" "550 5.7.1"
	settings 'dmarc-check: on'
	is "$name, marked" "$(milter sender=a@pass.example message | results)" "dkim=none spf=pass dmarc=permerror accept"
done <<'ROWS'
no From field|
two From fields|From: a@pass.example\nFROM : b@pass.example\n
two domains|From: a@pass.example, b@fail.example\n
nothing that parses|From: a@pass.example <b@fail.example\n
a From field behind CR|From: a@pass.example\nX: y\rFROM : b@fail.example\n
one in the From field|From: a@pass.example\rFrom: b@fail.example\n
one before it|X: y\rFrom: b@fail.example\nFrom: a@pass.example\n
ROWS
{ printf 'From: a@pass.example (%070000d)\n' 0; printf '\nHello\n'; } >message
is "a From field that is too long" "$(milter sender=a@pass.example message | results)" \
	"dkim=none spf=pass dmarc=permerror accept"
{ printf 'X-%d: %04000d\n' {1..100}{,,,,,,,,,,,,,,} | head -100; cat plain; } >message
sign pass.example s1 <message >large
is "400 kB of header fields" "$(wc -c <message) $(milter sender=a@fail.example large | results)" \
	"$(wc -c <message) dkim=pass spf=fail dmarc=pass accept"

# ---- forged fields -------------------------------------------------------------------------------

{
	printf 'Authentication-Results: %s; dkim=pass\n' mx.example.net MX.example.net. '"mx.example.net"/1' other.example
	printf 'DKIM-Signature: foo\n'
	cat plain
} >forged
settings 'dmarc-check: on'
is "forged fields go, whatever else the message has" "$(milter sender=a@pass.example forged | results)" \
	"remove remove remove dkim=permerror spf=pass dmarc=pass accept"
is "and of trusted clients" "$(milter client=127.0.0.1 forged | results)" "remove remove remove accept"
printf 'version: 1\nhostname: mx.example.net\n' >policyd.yaml
is "that is all where dkim-verify is off" "$(milter show=offer sender=a@fail.example forged changed | tr '\n' ' ')" \
	"offer 6 10 3df remove 3 Authentication-Results remove 2 Authentication-Results remove 1 Authentication-Results c  c  end 0 "

# ---- octets of strangers -------------------------------------------------------------------------

settings 'dmarc-check: on' 'dmarc-reject: on'
printf 'From: "a\\"b" <x@[192.0.2.1]>\n\nx\n' >message
is "an address in brackets is no author domain" "$(milter sender='a";(b@pass.example' message | results)" "550 5.7.1"
settings 'dmarc-check: on'
printf 'From: x@%s\n\nx\n' "a/b'?.example" >message
is "a domain of any octets is quoted" "$(milter sender='"a; dkim=pass"@pass.example' message | grep -o 'header.from=.*')" \
	"header.from=\"a/b'?.example\""
is "a sender of any octets" "$(milter sender="$(printf 'a\t(;\r"@x y\\')" helo="$(printf 'h\t;(')" plain | grep -c 'spf=none')" 1

# ---- time and memory -----------------------------------------------------------------------------

mail 'Joe <joe@slow.example>' | sign slow.example slow1 | sign slow.example slow2 >slow
milter sender=a@slow.example slow >answer
is "slow answers" "$(results <answer)" "dkim=pass dkim=pass spf=pass dmarc=pass accept"

if ! grep -qE '__(asan|tsan)_init' "$policyd" && [ -r /proc/self/smaps_rollup ]; then
	{ cat plain; head -c 512000 /dev/zero | tr '\0' x | fold -w 76; } >big
	sign pass.example s1 <big >/dev/null # the body is sent a hundred times, so the signature fails
	sign pass.example s1 <big >bigger
	milter show=memory times=100 sender=a@pass.example bigger | sed -n 's/^memory //p' >memory
	ok "an idle process: $(sed -n 1p memory) kB of its own" test "$(sed -n 1p memory)" -le 3072
	ok "with a message of 50 MB: $(sed -n 2p memory) kB" test "$(sed -n 2p memory)" -le 6144
	ok "every octet was hashed" grep -q 'dkim=fail:pass.example' log
	milter show=memory sender=a@pass.example large | sed -n 's/^memory //p' >memory
	ok "with 400 kB of header fields: $(sed -n 2p memory) kB" test "$(sed -n 2p memory)" -le 6144
else
	skip "memory" "not of this build"
fi

# ---- a message on standard input -----------------------------------------------------------------

message() { "$policyd" --config policyd.yaml --nameserver "$address" --log-stderr --message "$@" 2>log; }
settings 'dmarc-check: on' 'dmarc-reject: on'
message --client 192.0.2.1 --sender a@pass.example <signed >out
is "a message: accepted" "$? $(sed -n '1s/;.*//p' out)" "0 Authentication-Results: mx.example.net"
is "and nothing else is changed" "$(sed '1,/dmarc=/d' out | diff - signed && echo same)" same
TCPREMOTEIP=192.0.2.1 SMTPMAILFROM='<a@fail.example>' message < <(cat changed) >out
is "from a pipe, with the environment: refused" "$? $(grep -o '^mailauth-policyd: 550' log)" "31 mailauth-policyd: 550"
message --client 192.0.2.1 --sender a@fail.example <waiting >out
is "to be tried again" "$?" 71
mail a@down.example | message --client 192.0.2.1 --sender a@fail.example >out
is "a policy that cannot be looked up: accepted and marked" "$? $(grep -o 'dmarc=.*' out)" "0 dmarc=temperror (dis=none)"
mail a@quarantine.example | message --client 192.0.2.1 --sender a@fail.example >out
is "quarantine" "$?" 3
message --client 192.0.2.1 --sender a@pass.example <forged >out
is "forged fields are taken out" "$(grep -c '^Authentication-Results: other' out) $(grep -ic 'mx.example.net' out)" "1 1"
settings
while IFS='|' read -r name wanted text; do
	printf '%b\n' "$text" | message --client 192.0.2.1 --sender a@pass.example >out
	is "forged: $name" "$? $(sed '1,/spf=/d' out | tr '\r\n\0' '#/?')" "$wanted"
done <<'ROWS'
many blanks before the colon|0 From: a@pass.example//x/|Authentication-Results                                                          : mx.example.net; dkim=pass\nFrom: a@pass.example\n\nx
after a From with a blank|0 From : a@pass.example//x/|From : a@pass.example\nAuthentication-Results: mx.example.net; dkim=pass\n\nx
the first line continues nothing|0 / dkim=pass (x)/From: a@pass.example//x/| dkim=pass (x)\nFrom: a@pass.example\n\nx
nor after the line of an mbox|0 / Authentication-Results: mx.example.net/|From x 10:00\n Authentication-Results: mx.example.net
after a line that is no field|0 A: b//foo/Authentication-Results: mx.example.net/|A: b\nfoo\nAuthentication-Results: mx.example.net
that, with CRLF|0 A: b#/#/foo#/|A: b\r\nfoo\r
a name that is folded|0 A: b//Authentication-Results/ : mx.example.net/|A: b\nAuthentication-Results\n : mx.example.net
a name with a NUL|0 A: b//Authentication-Results?: mx.example.net/|A: b\nAuthentication-Results\0: mx.example.net
a value with a NUL|0 A: b/|A: b\nAuthentication-Results: \0mx.example.net; dkim=pass
any case, tabs and folds|0 A: b/|aUTHENTICATION-results\t:\n\tMX.Example\n .net ; dkim=pass\nA: b
the last field, without a line end|0 A: b/|A: b\nAuthentication-Results: mx.example.net; dkim=pass
that of another host stays|0 Authentication-Results: other.example; dkim=pass/|Authentication-Results: other.example; dkim=pass
lines that end in CR|31 |A: b\rAuthentication-Results: mx.example.net; dkim=pass
ROWS
ok "and says why" grep -q '^mailauth-policyd: 550 5.7.1 A header field contains another' log
printf 'A: b\rAuthentication-Results: mx.example.net; x\n\nx\n' >message
is "the filter, too, refuses lines that end in CR" "$(milter client=127.0.0.1 message | results)" "550 5.7.1"
{ for _ in {1..10001}; do echo 'Authentication-Results: mx.example.net; x'; done; } >message
message --client 127.0.0.1 --sender a@pass.example <message >out
is "too many" "$? $(wc -c <out) $(grep -o 'Too many' log | head -1)" "31 0 Too many"
{ printf 'A: '; head -c 1100000 /dev/zero | tr '\0' x; printf '\n'; cat plain; } >message
message --client 127.0.0.1 --sender a@pass.example <message >out
is "a field that is too long, also where nothing is verified" "$? $(wc -c <out) $(cat log)" \
	"1 0 the message cannot be verified: a header field is too large"
settings 'dmarc-check: on' 'dmarc-reject: on'
sed 's/$/\r/' signed | message --client 192.0.2.1 --sender a@pass.example >out
is "lines of CRLF" "$? $(grep -vc $'\r$' out) $(grep -o 'dkim=[a-z]*' out)" "0 0 dkim=pass"
RELAYCLIENT='' message --client 192.0.2.1 --sender a@fail.example <changed | diff - changed >/dev/null
is "an own client's mail stays as it is" "$?" 0
message --client 192.0.2.1 </dev/null
is "without a sender" "$? $(cat log)" "2 mailauth-policyd: --message requires --client with an address, and --sender"

# ---- for another verifier's signatures -----------------------------------------------------------

ask() { # name=value...
	printf '%s\n' request=mailauth_dmarc client_address=192.0.2.1 helo_name=mail.pass.example "$@" '' |
		"$policyd" --config policyd.yaml --nameserver "$address" --log-stderr 2>log | sed -n 's/^action=//p'
}
is "a pass" "$(ask sender=a@fail.example 'from=Joe <joe@Pass.Example>' 'dkim=fail:x.example pass:pass.example')" \
	"PREPEND Authentication-Results: mx.example.net; dkim=fail header.d=x.example; dkim=pass header.d=pass.example; spf=fail (192.0.2.1) smtp.mailfrom=fail.example; dmarc=pass (p=reject dis=none) header.from=pass.example policy.dmarc=reject"
while IFS='|' read -r name wanted attributes; do
	IFS=, read -ra list <<<"$attributes"
	is "a request: $name" "$(ask "${list[@]}" | cut -c1-9)" "$wanted"
done <<'ROWS'
a domain alone|PREPEND A|sender=a@pass.example,from=pass.example
nothing is aligned|550 5.7.1|sender=a@fail.example,from=pass.example,dkim=pass:x.example
a signature that did not pass|550 5.7.1|sender=a@fail.example,from=pass.example,dkim=fail:pass.example
one that may pass later|451 4.7.1|sender=a@fail.example,from=pass.example,dkim=temperror:pass.example
no author|550 5.7.1|sender=a@pass.example
a policy that cannot be looked up|PREPEND A|sender=a@fail.example,from=down.example
an authenticated client|DUNNO|sender=a@fail.example,from=pass.example,sasl_username=joe
ROWS
# 2,048 octets of a value are read: what is cut could be another domain.
long=$(printf 'fail:%0240d ' {1..9} | head -c 2030)
is "a list of 2,048 octets" "$(ask sender=a@fail.example from=pass.example "dkim=$long pass:pass.example" | grep -o 'dmarc=.*')" \
	"dmarc=pass (p=reject dis=none) header.from=pass.example policy.dmarc=reject"
is "a longer one is an error" "$(ask sender=a@fail.example from=pass.example "dkim=$long pass:pass.example.org")" \
	"550 5.7.1 DMARC of pass.example cannot be checked: the list of DKIM results is longer than 2048 octets"
settings 'dmarc-check: on'
is "and marked" "$(ask sender=a@pass.example from=pass.example "dkim=$long pass:pass.example.org")" \
	"PREPEND Authentication-Results: mx.example.net; dkim=permerror (the list of DKIM results is longer than 2048 octets); dmarc=permerror (dis=quarantine) (the list of DKIM results is longer than 2048 octets) header.from=pass.example"
settings
is "a request: dmarc-check is off" "$(ask sender=a@fail.example from=pass.example)" DUNNO

done_testing
