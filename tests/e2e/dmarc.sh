# DMARC for incoming mail: every result of DKIM and SPF against every policy, what forged headers
# change (nothing), whose mail is left alone, and going on and off while mail flows.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/batch.sh
. /e2e/batch.sh

policyd=/usr/local/libexec/mailauthctl/mailauth-policyd
install -D -m 0755 /e2e/mailauth-policyd $policyd

# ---- senders elsewhere: one organization for each policy, one that nobody aligns with --------------

mkdir -p /srv/zones /tmp/out
make_zone() { # name, policy
	printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' "$1"
	printf '@ TXT "v=spf1 ip4:192.0.2.5 -all"\n'
	[ "$2" = - ] || printf '_dmarc TXT "v=DMARC1; p=%s"\n' "$2"
}
for policy in none quarantine reject; do
	make_zone $policy.example $policy >/srv/zones/$policy.example.zone
done
make_zone other.example - >/srv/zones/other.example.zone
# What the walk to an organization's domain asks above them.
make_zone example - | grep -v spf1 >/srv/zones/example.zone
make_zone ours.example reject >/srv/zones/ours.example.zone
sed -i 's/192.0.2.5/192.0.2.77/' /srv/zones/ours.example.zone
# Its keys are in a zone that its name server cannot load: SERVFAIL, at once.
make_zone half.example reject >/srv/zones/half.example.zone
echo '; empty' >/srv/zones/_domainkey.half.example.zone
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
key=$(grep sel._domainkey /srv/zones/sender.example.net.zone)
for zone in none quarantine reject other; do
	echo "$key" >>/srv/zones/$zone.example.zone
done
nsd-control reload >/dev/null
wait_for is_served sel._domainkey.other.example

# ---- what the admin had before ---------------------------------------------------------------------

python3 /e2e/servers.py logins &
wait_for test -S /var/spool/postfix/private/auth
postconf -e mynetworks='127.0.0.0/8 [::1]/128 198.51.100.9' smtpd_sasl_auth_enable=yes \
	smtpd_sasl_type=dovecot smtpd_sasl_path=private/auth smtpd_error_sleep_time=0 \
	content_filter=scan:[127.0.0.1]:10026 local_header_rewrite_clients=
cat >>/etc/postfix/master.cf <<'CONF'
scan      unix  -       -       n       -       10      smtp
127.0.0.1:10026 inet n  -       n       -       10      smtpd
    -o content_filter=
submission inet n       -       y       -       -       smtpd
    -o smtpd_sasl_auth_enable=yes
2587      inet  n       -       y       -       -       smtpd
    -o smtpd_sasl_auth_enable=yes
    -o smtpd_milters=unix:opendkim/opendkim.sock
CONF
postfix reload >/dev/null 2>&1
mkdir /srv/before
cp -a /etc/postfix /etc/opendmarc.conf /etc/opendkim.conf /srv/before
is_as_before() {
	diff -r /srv/before/postfix /etc/postfix && cmp /srv/before/opendmarc.conf /etc/opendmarc.conf &&
		cmp /srv/before/opendkim.conf /etc/opendkim.conf
}

# ---- on, in one change ---------------------------------------------------------------------------------

ok "everything off" mailauthctl server set dkim.verify off spf.check off
ok "mta adopt" mailauthctl mta adopt --yes
ok "a trusted relay" mailauthctl server set mta.trusted-relays 198.51.100.3
pushes() { sqlite3 /var/lib/mailauthctl/target.db 'SELECT count(*) FROM push'; }
fails "dmarc.check alone is refused" mailauthctl server set dmarc.check on
before=$(pushes)
ok "three settings in one change" mailauthctl server set dkim.verify on spf.check on dmarc.check on
is "are one push" "$(pushes)" "$((before + 1))"
is "mta status: it is enforced" "$(mailauthctl --json mta status |
	jq -r '.features[] | select(.setting == "dmarc.check") | .supported, .value, .state')" $'yes\non\nnull'
is "mta backends says by which rules" "$(mailauthctl --json mta backends |
	jq -r '.[] | select(.backend == "postfix").dmarc_rules')" "RFC 9989"
fails "spf.check cannot go off alone" mailauthctl server set spf.check off
fails "nor can dkim.verify" mailauthctl server set dkim.verify off
is "nothing is left to do" "$(mailauthctl mta plan 2>&1; echo $?)" 0
ok "OpenDKIM, which no domain needs, is as it was" cmp /etc/opendkim.conf /srv/before/opendkim.conf
ok "OpenDMARC too" cmp /etc/opendmarc.conf /srv/before/opendmarc.conf
fails "and does not run" pgrep -x opendmarc

# ---- the matrix ----------------------------------------------------------------------------------------

# What p=none, p=quarantine and p=reject make of each.
matrix='
good   pass aligned pass pass pass
good   pass other   fail fail 550
good   fail aligned pass pass pass
good   fail other   fail fail 550
broken pass aligned pass pass pass
broken pass other   fail fail 550
broken fail aligned fail fail 550
broken fail other   fail fail 550
none   pass aligned pass pass pass
none   pass other   fail fail 550
none   fail aligned fail fail 550
none   fail other   fail fail 550'

put_matrix() { # policies...
	local dkim spf alignment policy id domain client
	while read -r dkim spf alignment _; do
		[ -n "$dkim" ] || continue
		for policy in "$@"; do
			id=$dkim-$spf-$alignment-$policy domain=$policy.example client=192.0.2.5
			[ $alignment = aligned ] || domain=other.example
			[ $spf = pass ] || client=192.0.2.6
			write $id a@$policy.example
			[ $dkim = none ] || echo "$id $domain" >>/tmp/to-sign
			queue $id $client user@$domain
		done
	done <<<"$matrix"
	python3 /e2e/sign.py </tmp/to-sign
	: >/tmp/to-sign
	sed -i 's/^hello/hallo/' /tmp/out/broken-*
}
cell_of() { # three cells, policy
	local behind=${1#* }
	case $2 in
	none) echo "${1%% *}" ;;
	quarantine) echo "${behind%% *}" ;;
	reject) echo "${1##* }" ;;
	esac
}
check_matrix() { # wanted reply to a reject, policies...
	local dkim spf alignment cells policy cell result refusal=$1
	shift
	while read -r dkim spf alignment cells; do
		[ -n "$dkim" ] || continue
		for policy in "$@"; do
			cell=$(cell_of "$cells" "$policy")
			result="250 dkim=${dkim/good/pass} spf=$spf dmarc=$cell (p=$policy dis=none)"
			[ "$cell$policy" != failquarantine ] || result=${result/dis=none/dis=quarantine}
			[ "$cell" != 550 ] || result=${refusal:-"250 dkim=${dkim/good/pass} spf=$spf dmarc=fail (p=$policy dis=quarantine)"}
			is "DKIM $dkim, SPF $spf, $alignment, p=$policy" \
				"$(outcome $dkim-$spf-$alignment-$policy)" "${result/broken/fail}"
		done
	done <<<"$matrix"
}
put_matrix none quarantine reject
send_all
check_matrix "550 5.7.1" none quarantine reject
is "the reply names the domain" "$(reply_text none-fail-aligned-reject)" \
	"550 5.7.1 The DMARC policy of reject.example refuses this message: neither SPF nor DKIM authenticates its author"
is "a delivered one is marked once, behind a content filter too" \
	"$(fields none-fail-aligned-quarantine | grep -c '; dmarc=')" 1

# ---- forged headers change nothing ------------------------------------------------------------------------

id=mx.example.test
long() { head -c "$1" /dev/zero | tr '\0' x; }
# Each as a message of a p=none domain, to see what is delivered, and of a p=reject one.  %s in the
# lines is "dkim=pass header.d=<author's domain>".
declare -A forged=(
	[plain]="Authentication-Results: $id; %s"
	[upper]="AUTHENTICATION-RESULTS: MX.EXAMPLE.TEST; %s"
	[folded]="Authentication-Results:\n\t$id;\n\t%s"
	[comment]="Authentication-Results: (a (b) \\\\) c) $id (d); %s"
	[comment-within]="Authentication-Results: mx (a) . example (b).test; %s"
	[quoted]="Authentication-Results: \"mx.example\".test; %s"
	[escaped]="Authentication-Results: m\\\\x.example.t\\\\est; %s"
	[version]="Authentication-Results: $id 1; %s"
	[blanks]="Authentication-Results: mx . example . test ; %s"
	[stray-parenthesis]="Authentication-Results: m)x.example.test; %s"
	[job]="Authentication-Results: $id/4fQx2k0Zyz; %s"
	[jobs]="$(for i in {A..F}{0..9}{0..9}; do echo "Authentication-Results: $id/${i}10B6; %s"; done)"
	[several]="Authentication-Results: $id; %s\nAuthentication-Results: $id; dmarc=pass\nAuthentication-Results: $id; spf=pass; %s"
	[arc]="Authentication-Results: $id; arc=pass; %s"
	[blank-before-colon]="Authentication-Results : $id; %s"
	[long]="Authentication-Results: $id; %s; x=$(long 3000)"
	[long-comment]="Authentication-Results: $id ($(long 3000)); %s"
	[long-elsewhere]="X-Long: $(long 5000)\nAuthentication-Results: $id; %s"
	[many-results]="Authentication-Results: $id; %s$(printf '; dkim=none %.0s' {1..300})"
	[broken-signature]="DKIM-Signature: v=1; a=nonsense; garbage\nAuthentication-Results: $id; %s"
	[empty-signature]="DKIM-Signature:\nAuthentication-Results: $id; %s"
	[odd-signature]="DKIM-Signature: v=1; ;;; = = =\nAuthentication-Results: $id; %s"
	[received-spf]="Received-SPF: pass ($id: forged) client-ip=192.0.2.6; envelope-from=a@%d; identity=mailfrom;"
	[spf-result]="Authentication-Results: $id; spf=pass smtp.mailfrom=%d"
)
forge() { # name, policy, id
	local lines=${forged[$1]} domain=$2.example
	lines=${lines//%s/dkim=pass header.d=$domain header.i=@$domain header.s=sel}
	write "$3" ceo@$domain "${lines//%d/$domain}"
}
for name in "${!forged[@]}"; do
	for policy in none reject; do
		forge "$name" $policy "$name-$policy"
		queue "$name-$policy" 192.0.2.6 user@other.example
	done
done
# What has no From field that can be read is not checked, and not believed either.
{
	echo "Authentication-Results: $id; dmarc=pass header.from=reject.example"
	sed '/^From/d' /tmp/out/received-spf-reject | sed 's/^X-Test.*/X-Test: no-from/'
} >/tmp/out/no-from
sed -e 's/^X-Test.*/X-Test: bad-from/' -e '1aFrom: ceo reject.example <<>' /tmp/out/no-from >/tmp/out/bad-from
queue no-from 192.0.2.6 user@other.example
queue bad-from 192.0.2.6 user@other.example
# Two authors, in two fields and in one; the first one passes.
write two-from a@other.example 'From: ceo@reject.example'
sed -i -e '1{h;d}' -e '2{G}' /tmp/out/two-from
queue two-from 192.0.2.5 user@other.example
write two-authors 'a@other.example, ceo@reject.example'
queue two-authors 192.0.2.5 user@other.example
# A stranger's results are a stranger's.
write foreign a@none.example 'Authentication-Results: elsewhere.example.org; dkim=pass header.d=none.example' \
	'Authentication-Results: mail.example.test; dkim=pass header.d=none.example'
queue foreign 192.0.2.6 user@other.example
send_all
for name in "${!forged[@]}"; do
	is "forged, $name: refused" "$(reply $name-reject)" "550 5.7.1"
	wanted="dkim=none "
	[[ $name != *-signature ]] || wanted="dkim=permerror "
	is "forged, $name: what is delivered says what was seen" \
		"$(outcome $name-none)" "250 ${wanted}spf=fail dmarc=fail (p=none dis=none)"
done
is "no From field: refused" "$(reply_text no-from)" \
	"550 5.7.1 DMARC requires one author domain: the message has no From field"
is "one that cannot be read: refused" "$(reply bad-from)" "550 5.7.1"
is "two From fields are refused" "$(reply_text two-from)" \
	"550 5.7.1 DMARC requires one author domain: the message has several From fields"
is "two authors in one, too" "$(reply two-authors)" "550 5.7.1"
is "a stranger's results stay" "$(grep -cE '^Authentication-Results: (elsewhere.example.org|mail.example.test);' /tmp/delivered/foreign)" 2
is "and are not believed" "$(outcome foreign)" "250 dkim=none spf=fail dmarc=fail (p=none dis=none)"

# ---- what is not checked -----------------------------------------------------------------------------------

ok "a domain of ours" mailauthctl domain enable-dkim --quiet --sign-now ours.example
put_ours() { # id, client, options of post.py...
	write "$1" user@ours.example
	queue "$1" "$2" user@ours.example "${@:3}"
}
is_signed_for_us() { grep -q '^DKIM-Signature:.*' /tmp/delivered/$1 && grep -q 'd=ours.example' /tmp/delivered/$1; }
put_ours stranger 192.0.2.6
put_ours customer 192.0.2.6 login port=587
put_ours customer-25 192.0.2.6 login
put_ours customer-own 192.0.2.6 login port=2587
put_ours neighbour 198.51.100.9
put_ours loopback 127.0.0.1
put_ours relay 198.51.100.3
write relay-sender a@reject.example
queue relay-sender 198.51.100.3 user@other.example
write not-relay a@reject.example
queue not-relay 198.51.100.4 user@other.example
send_all
is "a stranger in our name is refused" "$(reply stranger)" "550 5.7.1"
for who in customer customer-25 customer-own neighbour loopback; do
	is "$who: taken" "$(reply $who)" "250 2.0.0"
	ok "$who: signed" is_signed_for_us $who
	is "$who: once" "$(grep -c '^DKIM-Signature:' /tmp/delivered/$who)" 1
	is "$who: not checked" "$(fields_with $who dmarc=)" 0
done
is "a trusted relay is not checked" "$(reply relay) $(reply relay-sender)" "250 2.0.0 250 2.0.0"
is "nor signed for" "$(grep -c '^DKIM-Signature' /tmp/delivered/relay)" 0
is "its neighbour is" "$(reply not-relay)" "550 5.7.1"
mailauthctl mta status >/tmp/status
is "a service that names our filter itself is not called unsigned" "$(grep -c '2587' /tmp/status)" 0

# ---- a DNS failure defers while DMARC needs the answer -----------------------------------------------------

half() { # id
	write "$1" a@half.example
	echo "$1 half.example" >>/tmp/to-sign
	queue "$1" 192.0.2.6 user@other.example
	send_all
	reply_text "$1"
}
is "a key that cannot be looked up: come back later" "$(half half-on)" \
	"451 4.7.1 DMARC of half.example cannot be checked now, try again later: DKIM of half.example, which is aligned with half.example, ended in a temporary error"
write half-foreign a@none.example
echo "half-foreign half.example" >>/tmp/to-sign
queue half-foreign 192.0.2.5 user@none.example
send_all
is "a stranger's key does not matter" "$(reply half-foreign; results half-foreign | grep -o 'dmarc=[a-z]*')" \
	$'250 2.0.0\ndmarc=pass'

# ---- dmarc.reject off ---------------------------------------------------------------------------------------

ok "dmarc.reject off" mailauthctl server set dmarc.reject off
put_matrix reject
for id in two-from two-authors no-from bad-from; do queue $id 192.0.2.5 user@other.example; done
send_all
check_matrix "" reject
for id in two-from two-authors no-from bad-from; do
	is "$id: taken, without an author" "$(reply $id) $(fields_with $id 'dmarc=permerror')" "250 2.0.0 1"
	is "and nothing is believed" "$(fields_with $id dmarc=pass)" 0
done

# ---- a verifier that is not there --------------------------------------------------------------------------------

one() { # id, author: the reply
	write "$1" "$2"
	queue "$1" 192.0.2.6 user@other.example
	send_all
	reply "$1"
}
mv $policyd $policyd.away
is "marking only: mail waits, or forged results would be believed" "$(one dead-marking a@none.example | cut -c1-3)" 451
mv $policyd.away $policyd
marks() { [ "$(one marking a@reject.example; results marking)" = $'250 2.0.0\ndkim=none spf=fail dmarc=fail (p=reject dis=quarantine)' ]; }
ok "and comes with its mark when it is back" wait_for marks
ok "dmarc.reject on" mailauthctl server set dmarc.reject on
mv $policyd $policyd.away
is "refusing: mail waits" "$(one dead-refusing a@none.example | cut -c1-3)" 451
mv $policyd.away $policyd
guards() { [ "$(one guarded a@reject.example)" = "550 5.7.1" ]; }
ok "and is refused when it is back" wait_for guards

# ---- senders that are never refused -----------------------------------------------------------------------------------

from_other() { # id, client
	write "$1" a@reject.example
	echo "$1 other.example" >>/tmp/to-sign
	queue "$1" "$2" user@other.example
}
ok "an exception for a domain and a network" mailauthctl server set dmarc.exceptions other.example,198.51.100.4
from_other list-signed 192.0.2.6
write list-spf a@reject.example
queue list-spf 192.0.2.5 user@other.example
write list-client a@reject.example
queue list-client 198.51.100.4 user@none.example
write list-none a@reject.example
queue list-none 192.0.2.6 user@other.example
send_all
for id in list-signed list-spf list-client; do
	is "$id: taken" "$(reply $id)" "250 2.0.0"
	is "with its results" "$(fields_with $id 'dmarc=fail (p=reject dis=none)')" 1
done
is "neither signed nor from there: refused" "$(reply list-none)" "550 5.7.1"
ok "no exceptions" mailauthctl server unset dmarc.exceptions

# ---- off and on while mail flows ----------------------------------------------------------------------------------

write flowing a@reject.example
rm -f /tmp/stop
while [ ! -e /tmp/stop ]; do
	for _ in 1 2 3 4; do echo "flowing 192.0.2.6 user@other.example"; done | python3 /e2e/post.py
done >/tmp/flow 2>&1 &
flow=$!
wait_for grep -q 550 /tmp/flow
ok "all three off in one change" mailauthctl server set dmarc.check off spf.check off dkim.verify off
wait_for grep -q 250 /tmp/flow
ok "and on" mailauthctl server set dkim.verify on spf.check on dmarc.check on
ok "dmarc.check off" mailauthctl server set dmarc.check off
ok "on" mailauthctl server set dmarc.check on
touch /tmp/stop
wait $flow
is "each message was taken or refused, none deferred" "$(cut -d' ' -f2 /tmp/flow | sort -u | paste -sd' ')" "250 550"
wait_for queue_is_empty
rm -f "$inbox"/new/*
ok "dmarc.check off" mailauthctl server set dmarc.check off
is "a key that cannot be looked up does not defer" "$(half half-off | cut -c1-3)" 250
ok "dmarc.check on" mailauthctl server set dmarc.check on
ok "mta push --remove" mailauthctl mta push --remove --yes
ok "all is as it was, byte for byte" is_as_before
fails "the socket's folder is gone" test -e /var/spool/postfix/opendkim
fails "OpenDMARC does not run" pgrep -x opendmarc
is "mail flows, unchecked" "$(one removed a@reject.example)" "250 2.0.0"

# ---- an admin whose main.cf names both filters -----------------------------------------------------------------------

echo 'Socket inet:8891@127.0.0.1' >>/etc/opendkim.conf
printf '\nSocket inet:8893@127.0.0.1\n' >>/etc/opendmarc.conf
restart_opendkim() {
	local pid
	pid=$(opendkim_pid)
	kill "$pid"
	swaks --server 127.0.0.1 --quit-after EHLO >/dev/null 2>&1 # libmilter looks at its stop flag then
	wait_for sh -c "! kill -0 $pid"
	opendkim -x /etc/opendkim.conf
}
ok "OpenDKIM at a port" restart_opendkim
ok "OpenDMARC at a port" opendmarc -c /etc/opendmarc.conf
postconf -e smtpd_milters='inet:127.0.0.1:8891, inet:127.0.0.1:8893' non_smtpd_milters=inet:127.0.0.1:8891
postconf -P 127.0.0.1:10026/inet/smtpd_milters= 2587/inet/smtpd_milters=inet:127.0.0.1:8891
postfix reload >/dev/null 2>&1
rm -rf /srv/before
mkdir /srv/before
cp -a /etc/postfix /etc/opendmarc.conf /etc/opendkim.conf /srv/before
is "before: OpenDMARC does what he wrote" "$(one admins-before a@reject.example)" "250 2.0.0"
mailauthctl domain disable-dkim --now --quiet ours.example >/dev/null 2>&1
ok "mta adopt" mailauthctl mta adopt --yes
ok "dmarc.check on" mailauthctl server set dmarc.check on
is "his list is used as it is, behind what takes forged results out" "$(postconf -xh smtpd_milters)" \
	"{ unix:private/mailauth-spf, connect_timeout=10s, command_timeout=30s, content_timeout=300s, protocol=6, default_action=tempfail }, inet:127.0.0.1:8891, inet:127.0.0.1:8893"
is "now it refuses" "$(one admins-after a@reject.example)" "550 5.7.1"
forge broken-signature reject admins-forged
forge plain none admins-marked
queue admins-forged 192.0.2.6 user@other.example
queue admins-marked 192.0.2.6 user@other.example
send_all
is "a forged pass changes nothing" "$(outcome admins-forged)" "550 5.7.1"
mailauthctl mta status >/tmp/status 2>&1
is "mta status: both remove our results" "$(grep -c 'writes its results as mx.example.test: it removes the results of mailauthctl' /tmp/status)" 2
is "and so it is" "$(outcome admins-marked)" "250 dmarc=fail (p=none dis=none)"
# The remedy, as it is said.
sed -i '1iAuthservID his.example.test' /etc/opendkim.conf /etc/opendmarc.conf
cp -a /etc/opendkim.conf /etc/opendmarc.conf /srv/before
ok "OpenDKIM with a name of its own" restart_opendkim
kill "$(pgrep -o -x opendmarc)"
swaks --server 127.0.0.1 --quit-after EHLO >/dev/null 2>&1
wait_for sh -c '! pgrep -x opendmarc'
ok "OpenDMARC too" opendmarc -c /etc/opendmarc.conf
forge plain none admins-apart
queue admins-apart 192.0.2.6 user@other.example
send_all
is "each result is there once" "$(outcome admins-apart)" "250 dkim=none spf=fail dmarc=fail (p=none dis=none)"
is "beside his: OpenDKIM says nothing without a signature" \
	"$(grep -c '^Authentication-Results: his.example.test; dmarc=' /tmp/delivered/admins-apart)" 1
mailauthctl mta status >/tmp/status 2>&1
is "mta status: both verify, too" "$(grep -c 'verifies mail too: it is not changed' /tmp/status)" 2
is "and nothing to do about it" "$(grep -c 'removes the results' /tmp/status)" 0
ok "mta push --remove" mailauthctl mta push --remove --yes
ok "all is as it was, byte for byte" is_as_before
ok "his OpenDMARC still runs" pgrep -x opendmarc
is "and does what he wrote" "$(one admins-again a@reject.example)" "250 2.0.0"
done_testing
