# A rotation with real mail at each stage: every message verifies when it arrives, and those that were
# signed before verify until their key is revoked.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

from_us() { deliver 127.0.0.1 "user@$1"; }
is_signed() { from_us "$1" && [ "$(signatures)" = "d=$1 s=$2" ] && verifies; }
is_unsigned() { from_us "$1" && [ -z "$(signatures)" ]; }
keep() { cp /tmp/message "/tmp/kept.$1"; }
reads() { dkimverify <"/tmp/kept.$1"; } # a message of before, read now
states() { mailauthctl --json key list "$1" | jq -r '[.[] | "\(.selector):\(.state)"] | join(" ")'; }
# What was made and what is due moves back.
days() {
	sqlite3 /var/lib/mailauthctl/mailauthctl.db \
		"UPDATE dkim_key SET due = due - $1 * 86400, created = created - $1 * 86400"
}
record_ends() { [[ "$(served "$1")" == *"$2" ]]; }

mailauthctl mta adopt --yes >/dev/null
mailauthctl server set zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
mailauthctl template add '<domain>.' NS 'ns.<domain>.'
mailauthctl template add 'ns.<domain>.' A 127.0.0.1
mailauthctl domain enable-dkim example.com >/dev/null 2>&1
mailauthctl domain add --alias-of example.com alias.example >/dev/null 2>&1
wait_for is_served default._domainkey.alias.example
ok "the first key signs" is_signed example.com default
keep first
ok "for the alias, too" is_signed alias.example default

# ---- a name server that does not take the zone ----------------------------------------------------

touch /tmp/nsd-is-broken
fails "the rotation says that the record is not published" mailauthctl key rotate example.com
is "the new key waits" "$(states example.com)" "default:active default-2:pending"
ok "the present one signs meanwhile" is_signed example.com default
fails "a second call says so again" mailauthctl key rotate example.com
is "and makes no second key" "$(states example.com)" "default:active default-2:pending"
rm /tmp/nsd-is-broken
ok "the timer goes on" mailauthctl zone export --all
ok "the new record is served" wait_for is_served default-2._domainkey.example.com
is "the keys changed" "$(states example.com)" "default:retiring default-2:active"
ok "the new key signs" is_signed example.com default-2
keep second
ok "for the alias, too" is_signed alias.example default-2
ok "a message of before is read now" reads first

# ---- the life of the old key -----------------------------------------------------------------------

days 6
ok "six days later" mailauthctl zone export --all
ok "it is read still" reads first
days 2
ok "after dkim.retire-after" mailauthctl zone export --all
is "the key is revoked" "$(states example.com)" "default:revoked default-2:active"
ok "its record is empty" wait_for record_ends default._domainkey.example.com p=
ok "mail is signed as before" is_signed example.com default-2
fails "a message that it signed is not valid any more" reads first
days 8
ok "later" mailauthctl zone export --all
is "the key is gone" "$(states example.com)" "default-2:active"
ok "and its record" wait_for is_not_served default._domainkey.example.com
ok "the other one is read" reads second

# ---- by age, with a zone elsewhere -----------------------------------------------------------------

mailauthctl server set dkim.rotate-after 90d
mailauthctl domain set alias.example dns.service external >/dev/null 2>&1
days 91
mailauthctl zone export --all >/tmp/export.out 2>&1
ok "the timer begins, and prints what to publish" \
	grep -q '^alias.example  *default-3._domainkey .* TXT .*v=DKIM1; k=rsa; p=[A-Za-z0-9]' /tmp/export.out
is "the alias holds it up" "$(states example.com)" "default-2:active default-3:pending"
ok "the present key signs for both" is_signed alias.example default-2
ok "and for the domain" is_signed example.com default-2
ok "the administrator publishes the record" wait_for is_served default-3._domainkey.example.com
ok "and says so" mailauthctl key check --published alias.example
ok "the new key signs" is_signed example.com default-3
ok "its predecessor's mail is read" reads second

# ---- a key that was disclosed -----------------------------------------------------------------------

mailauthctl domain remove --now alias.example >/dev/null 2>&1
mailauthctl server set dkim.activate seen dkim.rotate-after 0
ok "key revoke" mailauthctl key revoke example.com default-3 --yes
ok "its record is empty" wait_for record_ends default-3._domainkey.example.com p=
ok "nothing is signed with a key that was not seen" is_unsigned example.com
fails "its private key is gone" test -e /etc/dkimkeys/example.com/default-3.private
ok "the new record is served" wait_for is_served default-4._domainkey.example.com
ok "key check sees it" mailauthctl key check example.com --resolver 127.0.0.1
ok "and it signs" is_signed example.com default-4
done_testing
