# Incoming mail and SPF: what each mode does with each result, what is said, and when nothing is
# looked up.  Who may relay, and where the check stands among an admin's restrictions, is in
# restrictions.sh.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

policyd=/usr/local/libexec/mailauthctl/mailauth-policyd
install -D -m 0755 /e2e/mailauth-policyd $policyd

# ---- senders elsewhere, and what the host has around it ------------------------------------------

mkdir -p /srv/zones
cat >/srv/zones/spf.example.zone <<'ZONE'
$ORIGIN spf.example.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
pass TXT "v=spf1 ip4:192.0.2.5 -all"
fail TXT "v=spf1 ip4:192.0.2.77 -all"
softfail TXT "v=spf1 ip4:192.0.2.77 ~all"
neutral TXT "v=spf1 ip4:192.0.2.77 ?all"
none A 192.0.2.77
permerror TXT "v=spf1 ip4:192.0.2.300 -all"
two TXT "v=spf1 ip4:192.0.2.5 -all"
two TXT "v=spf1 -all"
exp TXT "v=spf1 -all exp=why.spf.example"
why TXT "%{i} is no server of %{d}"
ZONE
# A zone that its name server cannot load: SERVFAIL, at once.
echo '; empty' >/srv/zones/dead.example.zone
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
python3 /e2e/servers.py dns &
wait_for test -e /tmp/questions
echo 'nameserver 192.0.2.8' >/etc/resolv.conf
python3 /e2e/servers.py logins &
# The machine's own /dev shows through, nothing is written to it.
mkdir -p /run/dev/upper /run/dev/work
has_syslog=
if mount -t overlay -o lowerdir=/dev,upperdir=/run/dev/upper,workdir=/run/dev/work overlay /dev; then
	rm -f /dev/log
	python3 /e2e/servers.py syslog &
	wait_for test -S /dev/log
	has_syslog=yes
fi
useradd -m postman
echo 'postmaster: postman' >/etc/aliases
newaliases
wait_for test -S /var/spool/postfix/private/auth
postconf -e mynetworks='127.0.0.0/8 [::1]/128 198.51.100.9' \
	smtpd_sasl_auth_enable=yes smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth \
	smtpd_error_sleep_time=0 smtpd_soft_error_limit=1000 smtpd_hard_error_limit=1000 \
	default_transport=discard: relay_transport=discard:
postfix reload >/dev/null 2>&1
cp -a /etc/postfix /srv/postfix.before

# ---- helpers --------------------------------------------------------------------------------------

here=inbox@example.test helo=mail.client.example
results="pass fail softfail neutral none permerror temperror"

domain_of() { # result
	[ "$1" = temperror ] && echo dead.example || echo "$1.spf.example"
}

# Rows of smtp.py from a client; its lines stay in /tmp/replies.
from() { # client, further arguments of smtp.py
	python3 /e2e/smtp.py "$@" >/tmp/replies 2>&1
	cat /tmp/replies
}

# One message to one recipient: the reply.
reply_to() { # sender [recipient [client [login]]]
	echo "$helo $1 ${2:-$here}" | from "${3:-192.0.2.5}" ${4:+"$4"}
}
code() { grep -oE '^[0-9]{3}( [45]\.7\.2[0-9])?'; }

# What was delivered since the last time, into /tmp/delivered/"HELO SENDER RECIPIENT".
delivered() { find /home/*/Maildir/new -type f 2>/dev/null; }
all_delivered() { [ "$(delivered | wc -l)" = "$1" ]; }
collect() { # how many
	local file
	wait_for all_delivered "$1"
	rm -rf /tmp/delivered
	mkdir /tmp/delivered
	for file in $(delivered); do
		mv "$file" "/tmp/delivered/$(sed -n 's/^Subject: //p' "$file") $(sed -n 's/^X-Original-To: //p' "$file")"
	done
}

# The Received-SPF fields of a delivered message, unfolded, in their order.
spf_of() { # file
	sed '/^$/q' "$1" | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\+/ /g' |
		sed -n 's/^Received-SPF: //p'
}
spf_of_one() { collect 1 && spf_of /tmp/delivered/*; }
results_of() { spf_of "$1" | cut -d' ' -f1 | paste -sd' '; }

# What becomes of one message: its reply and, when it was taken, what its fields begin with.
outcome_of() { # as reply_to
	local reply
	reply=$(reply_to "$@" | code)
	[ "$reply" != 250 ] || reply="250 $(spf_of_one | cut -d' ' -f1 | paste -sd' ')"
	echo "${reply% }"
}

# Questions for what senders publish (smtpd itself asks for clients' names).
questions() { grep -cE '(spf|dead)\.example$' /tmp/questions; }

# ---- from adopting to enforcing --------------------------------------------------------------------

relays() { reply_to user@none.spf.example x@foreign.example | cut -c1-3; }
is "before: a stranger may not relay" "$(relays)" 454
ok "spf.check off" mailauthctl server set spf.check off
ok "mta adopt" mailauthctl mta adopt --yes
cp -a /etc/postfix /srv/postfix.off
before=$(questions)
is "off: a fail is taken, without a header" "$(outcome_of user@fail.spf.example)" 250
is "off: nothing is looked up" "$(questions)" "$before"
ok "spf.check on" mailauthctl server set spf.check on
is "mta status: it is enforced" "$(mailauthctl --json mta status |
	jq -r '.features[] | select(.setting == "spf.check") | .supported, .value, .state')" $'yes\non\nnull'
is "and does not say elsewhere that it is not" \
	"$(mailauthctl mta status | grep -ciE 'spf.*not enforced|not enforced.*spf')" 0
is "a stranger may not relay" "$(relays)" 454

# ---- a name server that does not answer: 20 s, beside what follows in the same mode ---------------

ok "mode defer-dns-errors" mailauthctl server set spf.mode defer-dns-errors
began=$SECONDS
{
	echo "$helo user@silent.example $here" | python3 /e2e/smtp.py 192.0.2.6
	echo $((SECONDS - began))
} >/tmp/silent 2>&1 &
silent=$!
wait_for grep -q 'silent\.example$' /tmp/questions

# ---- six modes, seven results ----------------------------------------------------------------------

outcome_of_row() { # number
	local reply
	reply=$(sed -n "$1p" /tmp/replies | code)
	[ "$reply" != 250 ] || reply="250 $(results_of "/tmp/delivered/$(sed -n "$1p" /tmp/rows)")"
	echo "$reply"
}

try_mode() { # mode, wanted reply to each of the results
	local mode=$1 result want taken n=0
	shift
	ok "mode $mode" mailauthctl server set spf.mode "$mode"
	for result in $results; do
		echo "$helo user@$(domain_of "$result") $here"
		echo "$(domain_of "$result") <> $here"
		echo "$helo user@$(domain_of "$result") postmaster@example.test"
	done >/tmp/rows
	from 192.0.2.5 </tmp/rows >/dev/null
	collect "$(grep -c '^250' /tmp/replies)"
	for result in $results; do
		taken="250 $result" want=$1
		[ "$want" != 250 ] || want=$taken
		is "$mode: $result" "$(outcome_of_row $((n + 1)))" "$want"
		case $result in
		fail | temperror) ;;
		*) want=$taken ;;
		esac
		is "$mode: $result of the HELO name, null sender" "$(outcome_of_row $((n + 2)))" "$want"
		is "$mode: $result, to postmaster" "$(outcome_of_row $((n + 3)))" "$taken"
		n=$((n + 3))
		shift
	done
}
try_mode defer-dns-errors 250 250 250 250 250 250 '451 4.7.24'
wait $silent
is "a name server that does not answer: come back later" "$(code </tmp/silent | head -1)" "451 4.7.24"
ok "within its limit of 20 s" test "$(tail -1 /tmp/silent)" -le 25
try_mode headers-only 250 250 250 250 250 250 250
is "the whole header of a pass" "$(spf_of "/tmp/delivered/$helo user@pass.spf.example $here")" \
	"pass (mx.example.test: client is permitted by pass.spf.example) client-ip=192.0.2.5; envelope-from=\"user@pass.spf.example\"; helo=$helo; receiver=mx.example.test; identity=mailfrom; mechanism=\"ip4:192.0.2.5\";"
is "that of a null sender is about the HELO name" "$(spf_of "/tmp/delivered/fail.spf.example <> $here" |
	grep -oE '^fail|envelope-from=[^;]+|identity=[a-z]+' | paste -sd' ')" \
	'fail envelope-from="postmaster@fail.spf.example" identity=helo'
is "two records are a permerror" "$(outcome_of user@two.spf.example)" "250 permerror"
try_mode reject-softfail 250 '550 5.7.23' '550 5.7.23' 250 250 250 '451 4.7.24'
try_mode reject-neutral 250 '550 5.7.23' '550 5.7.23' '550 5.7.23' 250 250 '451 4.7.24'
try_mode reject-not-pass 250 '550 5.7.23' '550 5.7.23' '550 5.7.23' '550 5.7.23' '550 5.7.24' '451 4.7.24'
is "two records are refused" "$(outcome_of user@two.spf.example)" "550 5.7.24"
try_mode reject-fail 250 '550 5.7.23' 250 250 250 250 '451 4.7.24'

# ---- recipients, clients that are not checked, what a sender writes --------------------------------

several() { # sender: the replies to three recipients
	echo "$helo $1 $here postman@example.test postmaster@example.test" | from 192.0.2.5 |
		sed 's/ | /\n/g' | code | paste -sd'|'
}
each_header() { for file in /tmp/delivered/*; do results_of "$file"; done | paste -sd'|'; }
is "three recipients" "$(several user@softfail.spf.example)" "250|250|250"
collect 3
is "each copy has one header" "$(each_header)" "softfail|softfail|softfail"
is "of a fail only postmaster gets it" "$(several user@fail.spf.example)" "550 5.7.23|550 5.7.23|250"
collect 1
is "with one header" "$(each_header)" fail
before=$(questions)
is "a client of mynetworks" "$(outcome_of user@fail.spf.example $here 198.51.100.9)" 250
is "loopback" "$(outcome_of user@fail.spf.example $here 127.0.0.1)" 250
is "a client that has logged in" "$(outcome_of user@fail.spf.example $here 192.0.2.5 login)" 250
ok "mta.trusted-relays" mailauthctl server set mta.trusted-relays 198.51.100.3
is "a trusted relay" "$(outcome_of user@fail.spf.example $here 198.51.100.3)" 250
is "for none of them anything is looked up" "$(questions)" "$before"
is "its neighbour is checked" "$(outcome_of user@fail.spf.example $here 198.51.100.4)" "550 5.7.23"
cat >/tmp/headers <<'HEADERS'
Received-SPF: pass (mx.example.test: forged) client-ip=192.0.2.5; receiver=mx.example.test; identity=mailfrom;
HEADERS
is "a forged header does not help a fail" "$(outcome_of user@fail.spf.example)" "550 5.7.23"
is "nor a softfail" "$(reply_to user@softfail.spf.example | code)" 250
is "ours stands above it" "$(spf_of_one | cut -c1-30)" $'softfail (mx.example.test: cli\npass (mx.example.test: forged)'
rm /tmp/headers

# ---- what is said -----------------------------------------------------------------------------------

refusal="550 5.7.23 <$here>: Recipient address rejected:"
is "the built-in text" "$(reply_to user@fail.spf.example)" \
	"$refusal 192.0.2.5 is not allowed to send mail from fail.spf.example"
is "the sender's own" "$(reply_to user@exp.spf.example)" \
	"$refusal exp.spf.example explains: 192.0.2.5 is no server of exp.spf.example"
ok "spf.explanation" mailauthctl server set spf.explanation 'see https://example.test/?i=%{i}&d=%{d}'
is "ours" "$(reply_to user@fail.spf.example)" \
	"$refusal see https://example.test/?i=192.0.2.5&d=fail.spf.example"
is "the sender's own comes first" "$(reply_to user@exp.spf.example)" \
	"$refusal exp.spf.example explains: 192.0.2.5 is no server of exp.spf.example"

# ---- local rules and guess rules --------------------------------------------------------------------

ok "spf.local-rules" mailauthctl server set spf.local-rules ip4:192.0.2.5
is "a fail becomes a pass" "$(reply_to user@fail.spf.example | code)" 250
is "by local policy" "$(spf_of_one | grep -oE '^[a-z]+ \([^)]*\)')" \
	"pass (mx.example.test: local policy: client is permitted by a local rule for fail.spf.example)"
is "a record that sends nothing stays as it is" "$(outcome_of user@exp.spf.example)" "550 5.7.23"
is "another client fails" "$(outcome_of user@fail.spf.example $here 192.0.2.6)" "550 5.7.23"
is "without a record the rules are the policy" "$(outcome_of user@none.spf.example)" "250 pass"
ok "spf.guess-rules, scope no-record" mailauthctl server set spf.local-rules '' \
	spf.guess-rules 'v=spf1 ip4:192.0.2.5 -all'
is "no record" "$(reply_to user@none.spf.example | code)" 250
is "best guess: pass" "$(spf_of_one | grep -oE '^[a-z]+ \([^)]*\)')" \
	"pass (mx.example.test: best guess: client is permitted by the guess rules for none.spf.example)"
is "best guess: fail, in our words" "$(reply_to user@none.spf.example $here 192.0.2.6)" \
	"$refusal see https://example.test/?i=192.0.2.6&d=none.spf.example"
is "a record that fails is not guessed about" "$(outcome_of user@fail.spf.example)" "550 5.7.23"
ok "scope most-permissive" mailauthctl server set spf.guess-scope most-permissive
is "a record that fails" "$(reply_to user@fail.spf.example | code)" 250
is "is guessed to pass" "$(spf_of_one | grep -oE '^[a-z]+ \([^:]*: [a-z ]*')" "pass (mx.example.test: best guess"
is "where both fail it stays so" "$(outcome_of user@fail.spf.example $here 192.0.2.6)" "550 5.7.23"
is "a temporary error is not guessed about" "$(outcome_of user@dead.example)" "451 4.7.24"
ok "spf.continue-on-dns-error" mailauthctl server set spf.continue-on-dns-error on spf.guess-scope no-record
is "now it is" "$(outcome_of user@dead.example)" "250 pass"
is "a guess that fails leaves it" "$(outcome_of user@dead.example $here 192.0.2.6)" "250 temperror"
ok "without a guess" mailauthctl server unset spf.guess-rules
is "it is delivered" "$(outcome_of user@dead.example)" "250 temperror"
ok "in mode 6" mailauthctl server set spf.mode 6
is "it is deferred" "$(outcome_of user@dead.example)" "451 4.7.24"
ok "back to reject-fail" mailauthctl server set spf.mode 3
ok "and no continuing" mailauthctl server unset spf.continue-on-dns-error spf.explanation spf.guess-scope

# ---- one line of the log for each decision ------------------------------------------------------------

log_of() { sed -n "s/.*mailauth-policyd\[[0-9]*\]: \(client=.*sender=<$1>.*\) time=.*/\1/p" /tmp/syslog; }
if [ "$has_syslog" ]; then
	: >/tmp/syslog
	several user@fail.spf.example >/dev/null
	collect 1
	has_lines() { [ "$(log_of user@fail.spf.example | wc -l)" -ge 3 ]; }
	wait_for has_lines # it is written after the answer
	is "a line for each recipient" "$(log_of user@fail.spf.example | grep -oE 'recipient=.* result=[a-z]+|action=.*' |
		paste -sd' ')" "recipient=<$here> result=fail action=550 recipient=<postman@example.test> result=fail action=550 recipient=<postmaster@example.test> result=fail action=PREPEND"
	# the line about an earlier message may come as late
	is "in the facility of mail" "$(grep -c '^<22>.*mailauth-policyd.*: client=.*sender=<user@fail.spf.example>' /tmp/syslog)" 3
else
	skip "a line for each recipient" "no /dev/log can be made here"
	skip "in the facility of mail" "no /dev/log can be made here"
fi

# ---- when the service fails -------------------------------------------------------------------------

ok "without verification, which would make mail wait" mailauthctl server set dkim.verify off
is "the service killed between MAIL and RCPT" "$(printf '%s\n' "$helo user@pass.spf.example $here" \
	"!mv $policyd $policyd.away && kill -9 \$(pgrep -x mailauth-policy)" \
	"$helo user@fail.spf.example $here" | from 192.0.2.5 | code | paste -sd' ')" "250 250"
collect 2
is "what came before was checked, then mail flows" \
	"$(results_of "/tmp/delivered/$helo user@pass.spf.example $here")|$(results_of "/tmp/delivered/$helo user@fail.spf.example $here")" "pass|"
is "it goes on in new connections" "$(outcome_of user@fail.spf.example)" 250
is "but does not relay" "$(relays)" 454
mv $policyd.away $policyd
enforces() { [ "$(reply_to user@fail.spf.example | code)" = "550 5.7.23" ]; }
ok "with the program back it is enforced again" wait_for enforces
ok "verification on" mailauthctl server set dkim.verify on
wait_for queue_is_empty
rm -f /home/*/Maildir/new/*

# ---- when DNS does not answer: said once, by the push that makes it matter -----------------------------

warns() { # arguments of mailauthctl...
	mailauthctl "$@" >/dev/null 2>/tmp/said || echo "status $?"
	grep -c 'the name servers of this host do not answer.*mailauthctl doctor resolver' /tmp/said
}
is "nothing is said while DNS answers" \
	"$(warns server set spf.mode headers-only)$(warns server set spf.mode reject-fail)$(warns server set spf.mode headers-only)" 000
echo 'nameserver 192.0.2.9' >/etc/resolv.conf # where nothing listens
is "a mode that only writes headers" "$(warns server set spf.mode headers-only spf.explanation x)" 0
is "a mode that defers" "$(warns server set spf.mode defer-dns-errors)" 1
ok "and why" grep -q '192.0.2.9 cannot be reached: Connection refused' /tmp/said
is "a stricter one is no news" "$(warns server set spf.mode reject-fail)" 0
is "nor is another setting" "$(warns server set spf.explanation y)" 0
is "off" "$(warns server set spf.check off)" 0
is "a dry run" "$(warns --dry-run server set spf.check on)" 0
is "on, not pushed yet" "$(warns --no-push server set spf.check on)" 0
is "pushed" "$(warns mta push)" 1
is "pushed again" "$(warns mta push)" 0
mailauthctl doctor resolver services >/tmp/said
ok "doctor says what the name server does" grep -q '192.0.2.9.* cannot be reached: Connection refused' /tmp/said
ok "and what comes of it" grep -q 'the SPF check of mail from .* ends in temperror' /tmp/said
python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('192.0.2.9', 53))
open('/tmp/silent', 'w')
s.recv(512)
open('/tmp/asked', 'w')
s.recv(512)
while True: s.recv(512)" &
silent=$!
wait_for test -e /tmp/silent
mailauthctl server set spf.mode headers-only 2>/dev/null
warns server set spf.mode reject-fail >/tmp/warned &
asking=$!
wait_for test -e /tmp/asked
ok "no lock is held while it is asked" mailauthctl --wait 1 server set spf.explanation z
ok "it is still asked then" kill -0 $asking
wait $asking
is "silence, too" "$(cat /tmp/warned)" 1
kill $silent
echo 'nameserver 192.0.2.8' >/etc/resolv.conf
mailauthctl server unset spf.explanation

# ---- off ----------------------------------------------------------------------------------------------

ok "spf.check off" mailauthctl server set spf.check off
ok "main.cf and master.cf are what they were, byte for byte" diff -r /srv/postfix.off /etc/postfix
before=$(questions)
is "no header" "$(outcome_of user@fail.spf.example)" 250
is "no look-up" "$(questions)" "$before"
is "no relaying" "$(relays)" 454
ok "on again" mailauthctl server set spf.check on
is "it is enforced" "$(outcome_of user@fail.spf.example)" "550 5.7.23"
ok "mta push --remove" mailauthctl mta push --remove --yes
ok "all is as it was before adopting" diff -r /srv/postfix.before /etc/postfix
is "mail flows" "$(outcome_of user@fail.spf.example)" 250
is "and nobody relays" "$(relays)" 454
done_testing
