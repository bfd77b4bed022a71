# Outgoing mail: what is signed, when, and what name servers make of the zones.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

from_us() { deliver 127.0.0.1 "user@$1"; }
is_signed() { from_us "$1" && [ "$(signatures)" = "d=$1 s=${2:-default}" ] && verifies; }
is_unsigned() { from_us "$1" && [ -z "$(signatures)" ]; }

# ---- from a Debian-default server to a signed message ---------------------------------------------

ok "mta adopt takes the server over" mailauthctl mta adopt --yes
is "what cannot be enforced yet is said" \
	"$(mailauthctl server set spf.mode reject-fail 2>&1 | grep -c 'saved, but not enforced: no SPF service')" 1
ok "zones are whole and NSD is told" mailauthctl server set zone.format full zone.reload reload-zones \
	mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
mailauthctl template add '<domain>.' NS '<hostname>.'
touch /tmp/nsd-is-broken
ok "domain add" mailauthctl domain add example.com
fails "enable-dkim fails while the name server does not take the zone" \
	mailauthctl domain enable-dkim example.com
ok "its record is not served" is_not_served default._domainkey.example.com
ok "and nothing is signed" is_unsigned example.com
rm /tmp/nsd-is-broken
ok "zone export tries again" mailauthctl zone export --all
ok "the record is served" wait_for is_served default._domainkey.example.com
ok "a message through port 25 is signed and verifies" is_signed example.com
ok "a local one is delivered" deliver_local user@example.com
is "it is signed" "$(signatures)" "d=example.com s=default"
ok "and verifies" verifies
ok "a domain that is not ours is not signed" is_unsigned stranger.example.org

# A domain of U-labels, as the manual has it: signed where From holds A-labels.
ok "münchen.de is to sign" mailauthctl domain enable-dkim --sign-now --quiet münchen.de
ok "From with A-labels is delivered" deliver_local user@xn--mnchen-3ya.de
is "and signed" "$(signatures)" "d=xn--mnchen-3ya.de s=default"
printf 'From: user@münchen.de\nTo: inbox@example.test\nSubject: local\n\nhello\n' |
	sendmail -f user@example.com inbox@example.test
ok "From with U-labels is delivered" receive
is "and not signed" "$(signatures)" ""
ok "the domain goes" mailauthctl domain remove --now --quiet münchen.de
ok "nor is a subdomain of ours" is_unsigned sub.example.com
ok "nor a stranger's message in our name" deliver 192.0.2.5 user@example.com
is "which has no signature" "$(signatures)" ""
ok "zone export with nothing to do is silent" test -z "$(mailauthctl zone export --all 2>&1)"

# ---- the zone in the eyes of other programs -------------------------------------------------------

mailauthctl record add example.com odd TXT 'semi; "quoted" back\slash  two' >/dev/null
mailauthctl zone export --all
zone=$exported/example.com.zone
wait_for is_served odd.example.com
ours() { mailauthctl --json record list example.com | jq -r '.[] | select(.type == "TXT") | .owner + "\t" + .data' | sort; }
ok "named-checkzone accepts the zone" named-checkzone example.com $zone
ok "nsd-checkzone accepts it" nsd-checkzone example.com $zone
ok "ldns-read-zone accepts it" ldns-read-zone $zone
is "the store has five texts" "$(ours | grep -c example.com)" 5
is "named-compilezone reads the stored texts" \
	"$(named-compilezone -q -s full -o - example.com $zone | python3 /e2e/txt.py)" "$(ours)"
is "ldns-read-zone too" "$(ldns-read-zone $zone | python3 /e2e/txt.py)" "$(ours)"
served_texts() {
	ours | cut -f1 | sort -u | while read -r name; do
		drill TXT "$name" @127.0.0.1
	done | python3 /e2e/txt.py
}
is "NSD serves them" "$(served_texts)" "$(ours)"

# ---- switching off --------------------------------------------------------------------------------

ok "disable-dkim" mailauthctl domain disable-dkim example.com
ok "the next message is unsigned" is_unsigned example.com
ok "the record stays" is_served default._domainkey.example.com
ok "enable-dkim again" mailauthctl domain enable-dkim example.com
ok "the resting key signs at once" is_signed example.com
: >/tmp/reloads
ok "disable-dkim --now" mailauthctl domain disable-dkim example.com --now
ok "the record goes" wait_for is_not_served default._domainkey.example.com
ok "unsigned" is_unsigned example.com
is "signing stopped before the record went" "$(sort -u /tmp/reloads)" "record=0 signing=0"
ok "a parked key is enabled" mailauthctl domain enable-dkim example.com
ok "its record is served again" wait_for is_served default._domainkey.example.com
ok "and it signs" is_signed example.com

# ---- whose mail is signed -------------------------------------------------------------------------

from_branch() { deliver 198.51.100.2 user@example.com; }
ok "a message from a branch office" from_branch
is "is not signed" "$(signatures)" ""
ok "set mta.signing-networks" mailauthctl server set mta.signing-networks 127.0.0.0/8,198.51.100.0/24
ok "now it" from_branch
is "is signed" "$(signatures)" "d=example.com s=default"
ok "set mta.trusted-relays" mailauthctl server set mta.trusted-relays 198.51.100.3
ok "a message of a trusted relay" deliver 198.51.100.3 user@example.com
is "is not signed, though its network is" "$(signatures)" ""
ok "unset both" mailauthctl server unset mta.signing-networks mta.trusted-relays
ok "then the branch" from_branch
is "is a stranger again" "$(signatures)" ""

# ---- aliases, renaming, suspending, removing ------------------------------------------------------

ok "an alias" mailauthctl domain add alias.example --alias-of example.com
ok "is exported" mailauthctl zone export --all
ok "its record is served" wait_for is_served default._domainkey.alias.example
ok "it signs as itself" is_signed alias.example
ok "a second domain" mailauthctl domain enable-dkim old.example
ok "served" wait_for is_served default._domainkey.old.example
ok "signs" is_signed old.example
touch /tmp/nsd-is-broken
mailauthctl domain rename old.example new.example >/dev/null 2>&1
ok "renamed, it is unsigned until exported" is_unsigned new.example
ok "and the old name is unsigned too" is_unsigned old.example
ok "the old record stays for mail under way" is_served default._domainkey.old.example
rm /tmp/nsd-is-broken
ok "exported" mailauthctl zone export --all
ok "it is served" wait_for is_served default._domainkey.new.example
ok "and signs" is_signed new.example
ok "suspend" mailauthctl domain suspend new.example
ok "suspended: unsigned" is_unsigned new.example
ok "resume" mailauthctl domain resume new.example
ok "resumed: signed" is_signed new.example
ok "remove" mailauthctl domain remove new.example
ok "removed: unsigned" is_unsigned new.example
ok "its record stays for mail under way" is_served default._domainkey.new.example

# ---- keys that wait to be seen in DNS ---------------------------------------------------------------

seen_state() { mailauthctl --json key check "$@" --resolver 127.0.0.1 2>/dev/null | jq -r '.[].state'; }
for domain in seen.example.org polled.example.org; do
	mailauthctl domain add $domain
	mailauthctl record add $domain ns A 127.0.0.1
	mailauthctl record set $domain t4 'ns.<domain>.'
	mailauthctl domain set $domain dkim.activate seen
done
ok "a key that must be seen first" mailauthctl domain enable-dkim seen.example.org
ok "its record is served" wait_for is_served default._domainkey.seen.example.org
ok "it does not sign before somebody looked" is_unsigned seen.example.org
is "key check asks the zone's own server" "$(seen_state seen.example.org)" seen
ok "now it signs" is_signed seen.example.org
touch /tmp/nsd-is-broken
mailauthctl domain enable-dkim polled.example.org >/dev/null 2>&1
is "a record that is not served is missing" "$(seen_state polled.example.org)" unknown
ok "and its key does not sign" is_unsigned polled.example.org
rm /tmp/nsd-is-broken
ok "zone export has it served" mailauthctl zone export --all
wait_for is_served default._domainkey.polled.example.org
ok "a later one looks for it" mailauthctl zone export --all
ok "and it signs" is_signed polled.example.org
ok "a domain whose zone is elsewhere" mailauthctl domain add elsewhere.example.org
mailauthctl domain set elsewhere.example.org dns.service external
is "its records are printed" \
	"$(mailauthctl domain enable-dkim elsewhere.example.org 2>/dev/null | grep -c '^elsewhere.example.org .*_domainkey ')" 2
ok "unsigned until somebody says that they are public" is_unsigned elsewhere.example.org
ok "key check --published" mailauthctl key check --published elsewhere.example.org
from_us elsewhere.example.org
is "then signed" "$(signatures)" "d=elsewhere.example.org s=default"

# ---- when the filter fails ------------------------------------------------------------------------

cp /etc/opendkim.conf /tmp/opendkim.conf
echo 'NoSuchKeyword yes' >>/etc/opendkim.conf
push_says() { mailauthctl server set mta.trusted-relays 198.51.100.4 2>&1; }
fails "a setting is refused while the filter's configuration is broken" push_says
is "the reason is named" "$(push_says | grep -ciE 'NoSuchKeyword|opendkim')" 1
is "nothing is saved" "$(mailauthctl server get mta.trusted-relays) $?" " 0"
ok "mail still flows, signed" is_signed example.com
cp /tmp/opendkim.conf /etc/opendkim.conf
ok "put right, the same setting is taken" push_says
ok "and mail is signed" is_signed example.com
kill -9 "$(opendkim_pid)"
wait_for sh -c '! pgrep -x opendkim'
mailauthctl domain enable-dkim third.example >/tmp/third 2>&1
is "a push finds the filter killed" $? 0
ok "and starts it" opendkim_pid
ok "afterwards mail is signed" is_signed example.com
done_testing
