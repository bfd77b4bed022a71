#!/usr/bin/env bash
# The policy protocol through the real program, with a name server of our own on loopback.
#
# usage: tests/policyd/run.sh MAILAUTH-POLICYD DNSD
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
[ $# = 2 ] || { echo "usage: tests/policyd/run.sh MAILAUTH-POLICYD DNSD" >&2; exit 2; }
policyd=$(realpath "$1") dnsd=$(realpath "$2")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'kill $(cat "$dir"/*.pid 2>/dev/null) 2>/dev/null; wait; rm -rf "$dir"' EXIT

# Waits until the command succeeds, at most 10 s.
wait_for() {
	local end=$((SECONDS + 10))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*"; return 1; }
		sleep 0.02
	done
}

"$dnsd" --count "$dir/questions" "$here/zone" >address & echo $! >dnsd.pid
wait_for test -s address || exit 1
address=$(cat address)

settings() { # lines...
	printf '%s\n' 'version: 1' 'hostname: mx.example.net' "$@" >new.yaml
	mv new.yaml policyd.yaml
}

serve() { # < requests; answers without their empty lines, the log in the file log
	"$policyd" --config policyd.yaml --nameserver "$address" --log-stderr 2>log |
		sed -e '/^$/d' -e 's/^action=//'
	return "${PIPESTATUS[0]}"
}

# A request of these attributes; client, HELO name and so on may be given in front of it.
request() { # name=value...
	printf 'request=smtpd_access_policy\n'
	printf '%s\n' "$@" ''
}
ask() { # instance, sender, recipient, further attributes...
	local instance=$1 sender=$2 recipient=$3
	shift 3
	request protocol_state=RCPT protocol_name=ESMTP client_address=192.0.2.1 \
		helo_name=mail.pass.example "sender=$sender" "recipient=$recipient" \
		"instance=$instance" size=0 "$@"
}

# The verb of each answer; of a header its result too.
verbs() { sed -E -e 's/^PREPEND Received-SPF: ([a-z]+) .*/\1/' -e 's/^((550|451) [0-9.]+) .*/\1/' | paste -sd' '; }
questions() { cat questions; }

# ---- who is checked ----------------------------------------------------------------------------

settings 'mode: reject-fail' 'trusted-relays: [198.51.100.0/24, "2001:db8:1::/48", "!198.51.100.66", "::ffff:203.0.113.0/120"]'

is "pass: the whole header" "$(ask 1 a@pass.example b@x.test | serve)" \
	'PREPEND Received-SPF: pass (mx.example.net: client is permitted by pass.example) client-ip=192.0.2.1; envelope-from="a@pass.example"; helo=mail.pass.example; receiver=mx.example.net; identity=mailfrom; mechanism="ip4:192.0.2.1";'
is "fail: the whole reply" "$(ask 1 a@fail.example b@x.test | serve)" \
	'550 5.7.23 192.0.2.1 is not allowed to send mail from fail.example'
is "temperror: the code" "$(ask 1 a@servfail.example b@x.test | serve | verbs)" "451 4.7.24"
is "one line for each decision, with what decided" \
	"$(ask 1 a@fail.example b@x.test | serve >/dev/null; sed 's/time=[0-9.]*ms/time=T/' log)" \
	'client=192.0.2.1 helo=mail.pass.example sender=<a@fail.example> recipient=<b@x.test> result=fail identity=mailfrom decided_by="record" mechanism="-all" problem="" lookups=0 voids=0 action=550 time=T'

while IFS='|' read -r name wanted attributes; do
	IFS=, read -ra list <<<"$attributes"
	ask 1 a@fail.example b@x.test | sed '$d' >all
	for one in "${list[@]}"; do sed -i "/^${one%%=*}=/d" all; done
	printf '%s\n' "${list[@]}" '' >>all
	is "$name" "$(serve <all | verbs)" "$wanted"
done <<'ROWS'
an authenticated client|DUNNO|sasl_username=joe
an empty user name is no authentication|550 5.7.23|sasl_username=
a trusted relay|DUNNO|client_address=198.51.100.7
a trusted relay, mapped into IPv6|DUNNO|client_address=::ffff:198.51.100.7
a trusted relay, written as IPv6|DUNNO|client_address=203.0.113.9
an address that is taken out of a trusted network|550 5.7.23|client_address=198.51.100.66
a trusted relay, IPv6|DUNNO|client_address=2001:db8:1::5
a neighbour of a trusted relay|550 5.7.23|client_address=198.51.101.7
loopback|DUNNO|client_address=127.0.0.9
loopback, IPv6|DUNNO|client_address=::1
another state|DUNNO|protocol_state=DATA
a client without address|DUNNO|client_address=unknown
a network is no client|DUNNO|client_address=192.0.2.0/24
a client of IPv6|550 5.7.23|client_address=2001:db8::1
the recipient postmaster|fail|recipient=PostMaster@x.test
the recipient postmaster alone|fail|recipient=postmaster
a recipient that only begins so|550 5.7.23|recipient=postmasters@x.test
the null sender, HELO passes|pass|sender=
the null sender, HELO fails|550 5.7.23|sender=,helo_name=fail.example
ROWS

for name in client_address protocol_state sender helo_name recipient instance; do
	case $name in
	client_address | protocol_state) wanted=DUNNO ;;
	sender) wanted=pass ;;
	*) wanted="550 5.7.23" ;;
	esac
	is "without $name" "$(ask 1 a@fail.example b@x.test | sed "/^$name=/d" | serve | verbs)" "$wanted"
done

settings 'check: off' 'mode: reject-fail'
before=$(questions)
is "switched off: nothing is added" "$(ask 1 a@fail.example b@x.test | serve)" DUNNO
is "switched off: nothing is looked up" "$(questions)" "$before"

# ---- modes, and rules of ours ------------------------------------------------------------------

senders=(pass.example neutral.example softfail.example fail.example none.example servfail.example broken.example)
while IFS='|' read -r mode wanted; do
	settings "mode: $mode"
	is "mode $mode" "$(for sender in "${senders[@]}"; do ask "$sender" "a@$sender" b@x.test; done |
		serve | verbs)" "$wanted"
done <<'ROWS'
headers-only|pass neutral softfail fail none temperror permerror
defer-dns-errors|pass neutral softfail fail none 451 4.7.24 permerror
reject-fail|pass neutral softfail 550 5.7.23 none 451 4.7.24 permerror
reject-softfail|pass neutral 550 5.7.23 550 5.7.23 none 451 4.7.24 permerror
reject-neutral|pass 550 5.7.23 550 5.7.23 550 5.7.23 none 451 4.7.24 permerror
reject-not-pass|pass 550 5.7.23 550 5.7.23 550 5.7.23 550 5.7.23 451 4.7.24 550 5.7.24
ROWS

settings 'mode: 3' 'explanation: "no %{s} from %{i} at %{r}"'
is "an explanation of ours" "$(ask 1 a@fail.example b@x.test | serve)" \
	"550 5.7.23 no a@fail.example from 192.0.2.1 at mx.example.net"
settings 'mode: 3' 'local-rules: ip4:192.0.2.0/24'
is "a local rule lets in" "$(ask 1 a@softfail.example b@x.test | serve | verbs)" pass
ok "and the header says so" grep -q 'decided_by="local policy"' log
settings 'mode: 6' 'guess-rules: "v=spf1 ip4:192.0.2.0/24 -all"'
is "a guess where there is no record" "$(ask 1 a@none.example b@x.test | serve | verbs)" pass

# ---- names of any octets -------------------------------------------------------------------------

settings 'mode: headers-only'
# shellcheck disable=SC2016,SC2088 # local parts as they are
for local in 'joe+tag' JOE+Tag 'bounce=x=y' "o'hara" 'a_b!#$&*/?^`{|}~' 'back\slash'; do
	is "$local is asked for as it is" "$(ask 1 "$local@macro.example" b@x.test | serve | verbs)" pass
done
is "not one outside ASCII (RFC 8616 4)" "$(ask 1 "über@macro.example" b@x.test | serve | verbs)" fail
is "another one is another name" "$(ask 1 "joe-tag@macro.example" b@x.test | serve | verbs)" fail

# ---- several recipients ------------------------------------------------------------------------

settings 'mode: reject-fail'
several() { for to in "$@"; do ask 7.1 "$sender" "$to"; done | serve | verbs; }
before=$(questions) sender=a@pass.example
is "one header for three recipients" "$(several b@x.test c@x.test postmaster@x.test)" "pass DUNNO DUNNO"
is "and one question" "$(($(questions) - before))" 1
sender=a@fail.example
is "every recipient is refused" "$(several b@x.test c@x.test)" "550 5.7.23 550 5.7.23"
is "postmaster first: header, then refused" "$(several postmaster b@x.test postmaster)" \
	"fail 550 5.7.23 DUNNO"
is "postmaster last" "$(several b@x.test POSTMASTER@x.test c@x.test)" "550 5.7.23 fail 550 5.7.23"
is "without instance each is checked" \
	"$(for to in b c; do ask '' a@pass.example $to@x.test; done | serve | verbs)" "pass pass"
is "the same instance with another sender is another message" \
	"$({ ask 7 a@pass.example b@x.test; ask 7 a@fail.example b@x.test; } | serve | verbs)" \
	"pass 550 5.7.23"
is "messages take turns" "$(for i in 1 2 1 2; do ask $i a@pass.example b@x.test; done |
	serve | verbs)" "pass pass DUNNO DUNNO"

# ---- the protocol ------------------------------------------------------------------------------

is "a thousand pipelined requests" \
	"$(for i in {1..500}; do ask 9 a@pass.example b@x.test; ask 8 a@fail.example b@x.test; done |
		serve | verbs | tr ' ' '\n' | sort | uniq -c | xargs)" "500 5.7.23 500 550 499 DUNNO 1 pass"
is "more answers than fit one buffer" "$(for _ in {1..500}; do
	request protocol_state=RCPT client_address=192.0.2.1; done | serve | verbs | tr ' ' '\n' |
	sort | uniq -c | xargs)" "500 none"
is "octet by octet" "$({ ask 1 a@pass.example b@x.test; ask 2 a@fail.example b@x.test; } |
	dd bs=1 status=none | serve | verbs)" "pass 550 5.7.23"

long=$(head -c 100000 /dev/zero | tr '\0' x)
is "100 kB: an attribute that nobody knows" \
	"$(ask 1 a@fail.example b@x.test "ccert_subject=$long" | serve | verbs)" "550 5.7.23"
is "100 kB: a name" "$(ask 1 a@fail.example b@x.test "$long=1" "$long" | serve | verbs)" "550 5.7.23"
is "100 kB: a sender is checked as what it is, no address" \
	"$({ ask 1 "a@fail.example$long" b@x.test; ask 2 a@fail.example b@x.test; } | serve | verbs)" \
	"none 550 5.7.23"
is "too long a sender is not what its beginning looks like" \
	"$(ask 1 "${long:0:2035}@pass.example.net" b@x.test | serve | verbs)" none
settings 'mode: reject-not-pass'
is "100 kB: in mode 6 it is refused" "$(ask 1 "$long@pass.example" b@x.test | serve | verbs)" "550 5.7.23"
settings 'mode: reject-fail'
is "100 kB: a HELO name" "$(ask 1 a@fail.example b@x.test | sed "s/^helo_name=.*/helo_name=$long/" |
	serve | verbs)" "550 5.7.23"
is "100 kB: an instance" "$(for i in 1 2; do ask "$long" a@pass.example b@x.test; done |
	serve | verbs)" "pass pass"
is "100 kB: a recipient" "$(ask 1 a@fail.example "postmaster$long@x.test" | serve | verbs)" "550 5.7.23"
head -c 1100000 /dev/zero | tr '\0' x | serve >answers
is "a request without end: nothing is sent, exit status 1" "${PIPESTATUS[2]} $(cat answers)" "1 "

printf 'request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.1\nhelo_name=h\0x\nsender=a\0b\rc"; x=y@fail.example\nrecipient=b@x.test\ninstance=1\n\n' >hostile
is "NUL, CR and quotes in a sender" "$(serve <hostile | verbs)" "550 5.7.23"
settings
is "and in the header" "$(serve <hostile)" \
	'PREPEND Received-SPF: fail (mx.example.net: client is not permitted by fail.example) client-ip=192.0.2.1; envelope-from="a?b?c\"; x=y@fail.example"; helo=h?x; receiver=mx.example.net; identity=mailfrom; mechanism=-all;'
is "and in the log" "$(grep -o 'helo=.* recipient' log)" 'helo=h?x sender=<a?b?c?;?x=y@fail.example> recipient'
is "a doubled attribute: the first counts" \
	"$(ask 1 a@fail.example b@x.test sender=a@pass.example | serve | verbs)" fail
settings 'mode: reject-fail'

is "another request: what came before it is answered" \
	"$({ ask 1 a@fail.example b@x.test; printf 'request=other\n\n'; ask 2 a@fail.example b@x.test; } |
		serve | verbs)" "550 5.7.23"
printf '\n' | serve >answers
is "an empty request: nothing is sent, exit status 1" "${PIPESTATUS[1]} $(cat answers)" "1 "
printf 'request=smtpd_access_policy\nprotocol' | serve >answers
is "the end within a request" "${PIPESTATUS[1]} $(cat answers) $(cat log)" \
	"0  the client closed within a request"

# A client that stays: what it sends goes through a fifo.
start() { # options...
	rm -f to from
	mkfifo to from
	# Whoever runs this may ignore the signal.
	perl -e '$SIG{PIPE} = "DEFAULT"; exec @ARGV' "$policyd" --config policyd.yaml --nameserver "$address" --log-stderr "$@" <to >from 2>log &
	echo $! >client.pid
	exec 5>to 6<from
}
finish() {
	exec 5>&- 6<&-
	wait "$(cat client.pid)"
	local status=$?
	rm -f client.pid
	return $status
}
answer() { # the next one, within 10 s
	local line
	IFS= read -r -t 10 line <&6 && IFS= read -r -t 10 _ <&6 && printf '%s\n' "${line#action=}"
}
has_ended() { ! IFS= read -r -t 10 <&6; }

# Each message has its own verdict, however many share a connection and in whatever order: eight are
# remembered, and what was forgotten is checked again.
settings 'mode: reject-fail'
{
	for i in {1..9} 1 9 10 {2..10}; do
		[ "$i" = 1 ] && sender=a@fail.example || sender=a@pass.example
		[ "$i" = 10 ] && sender=a@softfail.example
		ask "m$i" "$sender" "b$i@x.test"
	done
	for i in {20..45}; do
		[ $((i % 3)) = 0 ] && sender=a@fail.example || sender=a@pass.example
		ask "m$i" "$sender" b@x.test
	done
} >many
is "a message never gets another one's verdict" "$(serve <many | verbs)" \
	"$(
		eight=$(printf 'pass %.0s' {1..8})
		printf '550 5.7.23 %s 550 5.7.23 DUNNO softfail %s softfail' "${eight% }" "${eight% }"
		for i in {20..45}; do [ $((i % 3)) = 0 ] && printf ' 550 5.7.23' || printf ' pass'; done
	)"

is "eight messages are remembered" \
	"$(for i in {1..8} {1..8}; do ask "m$i" a@pass.example "b$i@x.test"; done | serve | verbs)" \
	"$(printf 'pass %.0s' {1..8}; printf 'DUNNO %.0s' {1..7}; printf DUNNO)"

start --pause-limit 1
ask 1 a@pass.example b@x.test >&5
is "a client that stays: an answer" "$(answer | verbs)" pass
printf 'request=smtpd_access_policy\nsender=a' >&5
ok "half a request, then silence: the connection ends" has_ended
finish
is "with status 0, and says so" "$? $(tail -1 log)" "0 no whole request within 1 s: connection ended"

start --idle-limit 1
ok "no request at all: the connection ends" has_ended
finish
is "with status 0, and says so, too" "$? $(tail -1 log)" "0 no request within 1 s: connection ended"

start --pause-limit 1
exec 6<&-
for i in {1..100}; do ask "$i" a@pass.example b@x.test; done >&5 2>/dev/null
exec 5>&-
wait "$(cat client.pid)"
is "nobody reads the answers: no signal" "$?" 0
rm -f client.pid

# ---- the settings, and what becomes of them ----------------------------------------------------

start
ask 1 a@fail.example b@x.test >&5
is "before the settings are replaced" "$(answer | verbs)" "550 5.7.23"
settings 'mode: headers-only'
ask 2 a@fail.example b@x.test >&5
is "after it" "$(answer | verbs)" fail
printf 'version: 1\nhostname: mx.example.net\nmode: reject-fail\nmodes: 1\n' >new.yaml
mv new.yaml policyd.yaml
for i in 3 4; do
	ask $i a@fail.example b@x.test >&5
	is "wrong settings: the former stay in force ($i)" "$(answer | verbs)" fail
done
rm policyd.yaml
for i in 5 6; do
	ask $i a@fail.example b@x.test >&5
	is "no settings: the former stay in force ($i)" "$(answer | verbs)" fail
done
settings 'mode: reject-fail'
ask 7 a@fail.example b@x.test >&5
is "good ones again" "$(answer | verbs)" "550 5.7.23"
finish
is "each fault is said once" "$(grep -v ^client= log)" \
	'settings read again from policyd.yaml
policyd.yaml:4:1: unknown key "modes"; did you mean mode?; the former settings stay in force
cannot read policyd.yaml: No such file or directory; the former settings stay in force
settings read again from policyd.yaml'

while IFS='|' read -r text wanted; do
	printf '%b' "$text" >policyd.yaml
	is "settings: $wanted" "$(ask 1 a@pass.example b@x.test | serve; echo "$?"; cat log)" "1
policyd.yaml$wanted"
done <<'ROWS'
version: 2\nhostname: mx.example.net\n|:1:10: version: this format version is not supported
hostname: mx.example.net\n|:1:1: "version" is missing
version: 1\n|:1:1: "hostname" is missing
version: 1\nhostname: mx\n|:2:11: hostname: "mx" is not a full host name: it has only one label, as in "mx.example"
version: 1\nhostname: mx.example.net\nmode: 7\n|:3:7: mode: must be one of headers-only, defer-dns-errors, reject-fail, reject-softfail, reject-neutral, reject-not-pass
version: 1\nhostname: mx.example.net\nmode: 1\nmode: 2\n|:4:1: duplicate key "mode" (first in line 3)
version: 1\nhostname: mx.example.net\ncheck: maybe\n|:3:8: check: on or off is required
version: 1\nhostname: mx.example.net\ntrusted-relays:\n  - 192.0.2.0/24\n  - mail\n|:5:5: trusted-relays: "mail" is not an address or network
version: 1\nhostname: mx.example.net\ntrusted-relays: 192.0.2.1\n|:3:17: trusted-relays: a list is required
version: 1\nhostname: mx.example.net\ntime-limit: 60\n|:3:13: time-limit: a number from 1 to 25 is required
version: 1\nhostname: mx.example.net\nguess-scope: all\n|:3:14: guess-scope: must be no-record or most-permissive
ROWS
rm policyd.yaml
is "no settings at all: nothing is sent" "$(ask 1 a@pass.example b@x.test | serve; echo "$?"; cat log)" "1
cannot read policyd.yaml: No such file or directory"
settings

# ---- records that are built to exhaust something -----------------------------------------------

settings 'mode: reject-not-pass' 'time-limit: 1'
while read -r sender wanted; do
	is "$sender" "$(ask 1 "a@$sender" b@x.test | serve | verbs)" "$wanted"
done <<'ROWS'
loop.example 550 5.7.24
wide.example 550 5.7.24
voids.example 550 5.7.24
silent.example 451 4.7.24
late.example 451 4.7.24
huge.example 550 5.7.24
cnames.example 451 4.7.24
ROWS
ok "over TCP, where the answer is cut" test "$(ask 1 a@cut.example b@x.test | serve | verbs)" = pass

# ---- how it is started -------------------------------------------------------------------------

if command -v nm >/dev/null; then
	ok "its symbols can be read, and what it links to" grep -qzE 'libc\.so.* T main\b.* U (__)?[a-z]+@' \
		<({ ldd "$policyd"; nm "$policyd"; nm -D "$policyd"; } | tr '\n' ' ')
	fails "no database, no table, no JSON is linked in" grep -iE 'sqlite|jansson' \
		<(ldd "$policyd"; nm "$policyd"; nm -D "$policyd")
else
	skip "its symbols can be read, and what it links to" "nm is not installed"
	skip "no database, no table, no JSON is linked in" "nm is not installed"
fi
is "--version" "$("$policyd" --version | sed 's/ [0-9.]*$//; 1q')" mailauth-policyd
is "--help names every option" "$("$policyd" --help | grep -o '^  --[a-z-]*' | xargs)" \
	"--client --config --connections --helo --help --idle-limit --listen --log-stderr --message --nameserver --pause-limit --sender --version"
fails "an unknown option" "$policyd" --what
fails "an unknown argument" "$policyd" what
while read -r option least most; do
	for value in "$least" "$most"; do
		is "$option $value" "$("$policyd" "$option" "$value" --version | sed 's/ .*//; 1q')" mailauth-policyd
	done
	for value in $((least - 1)) $((most + 1)) 1x ''; do
		is "$option \"$value\"" "$("$policyd" "$option" "$value" --version 2>&1; echo "$?")" \
			"mailauth-policyd: $option takes a number from $least to $most
2"
	done
done <<'ROWS'
--connections 1 1000
--idle-limit 1 86400
--pause-limit 1 3600
ROWS
is "an unknown argument is named" "$("$policyd" what 2>&1; echo "$?")" 'mailauth-policyd: unknown argument "what"
2'
for option in --help --version; do
	"$policyd" $option >/dev/null
	is "$option: exit status 0" $? 0
	"$policyd" $option >/dev/full
	is "$option that cannot be written: exit status 1" $? 1
done
# What a service manager hands over, or does not.
settings
is "--listen alone logs to the system log" "$("$policyd" --config policyd.yaml --listen 2>&1; echo "$?")" 1
while read -r pid fds why; do
	is "--listen with LISTEN_PID=$pid LISTEN_FDS=$fds" "$(sh -c 'export LISTEN_PID='"$pid"' LISTEN_FDS='"$fds"'
		exec timeout 10 "$@" 3<&-' sh "$policyd" --config policyd.yaml --nameserver "$address" --log-stderr --listen 2>&1; echo "$?")" \
		"$why
1"
done <<'ROWS'
$$ 0 --listen: no sockets were handed over (LISTEN_FDS)
$$ 17 --listen: no sockets were handed over (LISTEN_FDS)
$$ x --listen: no sockets were handed over (LISTEN_FDS)
1 1 --listen: no sockets were handed over (LISTEN_FDS)
ROWS
is "an option with a value, twice" \
	"$("$policyd" --config a --log-stderr --log-stderr --config=b 2>&1 </dev/null; echo " $?")" \
	"mailauth-policyd: option --config may be given only once
 2"
# spawn(8) gives the client's socket as standard error too.
cat >spawn.pl <<-'PERL'
	use strict; use Socket;
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die;
	if (!fork) { open $_, '+>&', $theirs for *STDIN, *STDOUT, *STDERR; close $ours; exec @ARGV or die }
	close $theirs; shutdown $ours, 1; print while <$ours>; wait; print $? >> 8, "\n";
PERL
is "as spawn starts it, settings are missing: nothing is sent" \
	"$(perl spawn.pl "$policyd" --config "$dir/missing.yaml")" 1
is "as spawn starts it, a wrong option: nothing is sent" "$(perl spawn.pl "$policyd" --what)" 2
# A spawn(8) that waits is lost to Postfix after a reload: the command ends, and the answer comes.
cat >detached.pl <<-'PERL'
	use strict; use Socket;
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die;
	if (!fork) { open $_, '+>&', $theirs for *STDIN, *STDOUT, *STDERR; close $ours; exec @ARGV or die }
	close $theirs; wait; print $? >> 8, "\n";
	syswrite $ours, "request=smtpd_access_policy\nprotocol_state=CONNECT\n\n";
	shutdown $ours, 1; print while <$ours>;
PERL
is "as spawn starts it, it goes on by itself" \
	"$(perl detached.pl timeout 20 "$policyd" --config policyd.yaml --nameserver "$address")" $'0\naction=DUNNO'
# What the process gave up: the filter where it was built in, and as much memory as a check may take,
# which the sanitizers exceed from the beginning.
filter=2 data='67108864 67108864 bytes' space='268435456 268435456 bytes'
"$policyd" --version | grep -q 'without a filter' && filter=0
grep -qE '__(asan|tsan)_init' "$policyd" && data='unlimited unlimited bytes' && space=$data
is "no new privileges, few system calls, bounded memory, no core files" \
	"$(settings; start; ask 1 a@pass.example b@x.test >&5; answer >/dev/null
		grep -h -E '^(NoNewPrivs|Seccomp|Max (core|data|address|open)[^:]*):?' /proc/"$(cat client.pid)"/{status,limits} |
			grep -v Seccomp_filters | tr -s '\t ' ' ' | sed 's/ $//'
		finish)" "NoNewPrivs: 1
Seccomp: $filter
Max data size $data
Max core file size 0 0 bytes
Max open files 256 256 files
Max address space $space"

if command -v systemd-socket-activate >/dev/null; then
	systemd-socket-activate -l "$dir/socket" "$policyd" --config policyd.yaml --nameserver "$address" \
		--log-stderr --listen --connections 2 2>log & echo $! >listen.pid
	ok "--listen: the socket is there" wait_for test -S socket
	cat >connect.pl <<-'PERL'
		use strict; use IO::Socket::UNIX;
		my @all = map { IO::Socket::UNIX->new(Peer => $ARGV[0]) or die } 1 .. 3;
		my $request = do { local $/; <STDIN> };
		for my $s (@all[0, 1]) { print $s $request; $s->flush; print scalar <$s>; scalar <$s>; }
		my $s = $all[2];
		my $wanted = ''; vec($wanted, fileno $s, 1) = 1;
		print "the third was not made to wait\n" if select $wanted, undef, undef, 0.3;
		close $all[0];
		print $s $request; $s->flush; print scalar <$s>;
	PERL
	is "--listen: three connections, two at a time" \
		"$(ask 1 a@pass.example b@x.test | timeout 20 perl connect.pl "$dir/socket" |
			sed 's/^action=//' | verbs)" "pass pass pass"

	settings 'mode: defer-dns-errors' 'time-limit: 1'
	systemd-socket-activate -l "$dir/slow" "$policyd" --config policyd.yaml --nameserver "$address" \
		--log-stderr --listen --pause-limit 1 2>log & echo $! >slow.pid
	wait_for test -S slow
	# the last request comes in two parts, the second one when all before are answered
	cat >pipeline.pl <<-'PERL'
		use strict; use IO::Socket::UNIX; use Time::HiRes 'time';
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die;
		my $request = do { local $/; <STDIN> };
		my @answers; my @times;
		print $s substr($request, 0, -20); $s->flush;
		for my $i (1 .. 4) {
			if ($i == 4) { print $s substr($request, -20); $s->flush }
			push @answers, scalar <$s>; scalar <$s>; push @times, time;
		}
		print @answers, $times[2] - $times[0] > 0.9 ? "each when it is known\n" : "all at the end\n";
	PERL
	is "--listen: pipelined requests are answered while DNS is slow" \
		"$({ ask 1 a@pass.example b@x.test; ask 2 a@silent1.example b@x.test; ask 3 a@silent2.example b@x.test
			ask 4 a@pass.example c@x.test; } | timeout 20 perl pipeline.pl "$dir/slow" |
			sed 's/^action=//' | verbs)" "pass 451 4.7.24 451 4.7.24 pass each when it is known"
else
	skip "--listen" "systemd-socket-activate is not installed"
	skip "--listen: pipelined requests" "systemd-socket-activate is not installed"
fi
done_testing
