# DMARC for incoming mail: every result of DKIM and SPF against every policy, what forged headers
# change (nothing), whose mail is left alone, and going on and off while mail flows.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

policyd=/usr/local/libexec/mailauthctl/mailauth-policyd
install -D -m 0755 /e2e/mailauth-policyd $policyd
install -d -o opendmarc -g opendmarc /run/opendmarc

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
make_zone ours.example reject >/srv/zones/ours.example.zone
sed -i 's/192.0.2.5/192.0.2.77/' /srv/zones/ours.example.zone
# A zone that its name server cannot load: SERVFAIL, at once.
echo '; empty' >/srv/zones/dead.example.zone
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
	content_filter=scan:[127.0.0.1]:10026
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
# What he set against us, a comment, and no line break at the end.
printf '%s\n' 'RejectFailures false # not yet' 'AuthservID HOSTNAME' 'SPFSelfValidate false' >>/etc/opendmarc.conf
printf 'RecordAllMessages false' >>/etc/opendmarc.conf
postfix reload >/dev/null 2>&1
mkdir /srv/before
cp -a /etc/postfix /etc/opendmarc.conf /etc/opendkim.conf /srv/before
is_as_before() {
	diff -r /srv/before/postfix /etc/postfix && cmp /srv/before/opendmarc.conf /etc/opendmarc.conf &&
		cmp /srv/before/opendkim.conf /etc/opendkim.conf
}

# ---- helpers -----------------------------------------------------------------------------------------

: >/tmp/rows
: >/tmp/to-sign
write() { # id, From address, header lines on top...
	local id=$1 from=$2
	shift 2
	{
		[ $# = 0 ] || printf '%b\n' "$@"
		printf 'From: %s\nTo: inbox@example.test\nSubject: dmarc\nX-Test: %s\n' "$from" "$id"
		printf 'Date: Sun, 22 Nov 2026 01:16:35 +0000\nMessage-Id: <%s@sender.example.net>\n\nhello\n' "$id"
	} >"/tmp/out/$id"
}
queue() { echo "$*" >>/tmp/rows; } # row of post.py

# Sends what was queued; replies stay in /tmp/replies, what was delivered in /tmp/delivered.
all_delivered() { [ "$(find $inbox/new -type f | wc -l)" = "$1" ]; }
send_all() {
	local file
	python3 /e2e/sign.py </tmp/to-sign
	python3 /e2e/post.py </tmp/rows >/tmp/replies
	: >/tmp/rows
	: >/tmp/to-sign
	wait_for all_delivered "$(grep -c ' 250 ' /tmp/replies)"
	rm -rf /tmp/delivered
	mkdir /tmp/delivered
	for file in "$inbox"/new/*; do
		[ ! -e "$file" ] || mv "$file" "/tmp/delivered/$(sed -n 's/^X-Test: //p' "$file" | head -1)"
	done
}
reply() { sed -n "s/^$1 //p" /tmp/replies | cut -c1-9; }
reply_text() { sed -n "s/^$1 //p" /tmp/replies; }
# The fields of our name in a delivered message, unfolded, without it.
fields() { # id
	sed '/^$/q' "/tmp/delivered/$1" | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\+/ /g' |
		sed -nE 's/^Authentication-Results: *mx\.example\.test; //Ip'
}
# dkim, spf and dmarc results in our name, in that order, each as often as it is there.
results() { fields "$1" | tr ';' '\n' | grep -oE '\b(dkim|spf|dmarc)=[a-z]+( \(p=[a-z]+ dis=[a-z]+\))?' | sort -t= -k1,1 |
	awk -F= '{ order = $1 == "dkim" ? 1 : $1 == "spf" ? 2 : 3; print order, $0 }' | sort -s -k1,1n | cut -d' ' -f2- | paste -sd' '; }
outcome() { # id: "550 5.7.1", "250 dkim=... spf=... dmarc=..."
	local code
	code=$(reply "$1")
	case $code in
	250*) echo "250 $(results "$1")" ;;
	*) echo "$code" ;;
	esac
}

# ---- on, in one change ---------------------------------------------------------------------------------

ok "everything off" mailauthctl server set dkim.verify off spf.check off
ok "mta adopt" mailauthctl mta adopt --yes
ok "zones are whole" mailauthctl server set zone.format full mta.trusted-relays 198.51.100.3
pushes() { sqlite3 /var/lib/mailauthctl/target.db 'SELECT count(*) FROM push'; }
fails "dmarc.check alone is refused" mailauthctl server set dmarc.check on
before=$(pushes)
ok "three settings in one change" mailauthctl server set dkim.verify on spf.check on dmarc.check on
is "are one push" "$(pushes)" "$((before + 1))"
is "mta status: it is enforced" "$(mailauthctl --json mta status |
	jq -r '.features[] | select(.setting == "dmarc.check") | .supported, .value, .state')" $'yes\non\nnull'
is "mta backends says by which rules" "$(mailauthctl mta backends | grep -c 'RFC 7489')" 1
fails "spf.check cannot go off alone" mailauthctl server set spf.check off
fails "nor can dkim.verify" mailauthctl server set dkim.verify off
is "nothing is left to do" "$(mailauthctl mta plan 2>&1; echo $?)" 0
is "the admin's lines are kept" "$(head -c "$(stat -c %s /srv/before/opendmarc.conf)" /etc/opendmarc.conf | cmp - /srv/before/opendmarc.conf && echo same)" same
ok "OpenDMARC runs" pgrep -x opendmarc

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
check_matrix() { # wanted reply to a reject, policies...
	local dkim spf alignment none quarantine reject policy cell result refusal=$1
	shift
	while read -r dkim spf alignment none quarantine reject; do
		[ -n "$dkim" ] || continue
		for policy in "$@"; do
			declare -n cell=$policy
			result="250 dkim=${dkim/good/pass} spf=$spf dmarc=$cell (p=$policy dis=none)"
			[ "$cell" != 550 ] || result=${refusal:-"250 dkim=${dkim/good/pass} spf=$spf dmarc=fail (p=$policy dis=none)"}
			is "DKIM $dkim, SPF $spf, $alignment, p=$policy" \
				"$(outcome $dkim-$spf-$alignment-$policy)" "${result/broken/fail}"
			unset -n cell
		done
	done <<<"$matrix"
}
put_matrix none quarantine reject
send_all
check_matrix "550 5.7.1" none quarantine reject
is "the reply names the domain" "$(reply_text none-fail-aligned-reject)" \
	"550 5.7.1 rejected by DMARC policy for reject.example"
is "a delivered one is marked once, behind a content filter too" \
	"$(fields none-fail-aligned-quarantine | grep -c dmarc=)" 1
done_testing
