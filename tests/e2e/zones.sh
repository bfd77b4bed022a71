# Zones that an administrator keeps, on a real NSD: what they have already is not doubled, and the
# files that they include do not vanish.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

# A zone of an administrator's; further lines as they are given.
make_zone() { # name, line...
	local name=$1
	shift
	{
		printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster (\n  1 ; serial\n  3600 600 86400 60 )\n' "$name"
		printf '@ NS ns\nns A 127.0.0.1\n'
		printf '%s\n' "$@"
	} >"/srv/zones/$name.zone"
}

other_key=$(openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 2>/dev/null |
	openssl pkey -pubout -outform DER | base64 -w0)
other_key="v=DKIM1; k=rsa; p=$other_key"
mkdir -p /srv/zones
make_zone own.example '@ TXT "v=spf1 mx -all"' '@ TXT "some-verification=1"' '_dmarc TXT "v=DMARC1; p=reject"' \
	'_domainkey TXT "o=~"' "default._domainkey TXT \"$other_key\""
make_zone plain.example
make_zone cname.example '_dmarc CNAME _dmarc.own.example.' 'default._domainkey CNAME nowhere.invalid.' \
	'_domainkey CNAME nowhere.invalid.'
make_zone wild.example '* TXT "v=spf1 -all"' '*._domainkey TXT "v=DKIM1; p="'
make_zone alias.example '* CNAME www.wild.example.'
make_zone same.example '@ TXT "v=spf1 +a +mx +a:mx.example.test -all"' '_dmarc TXT "v=DMARC1;  p=none"'
make_zone set.example '@ TXT "v=spf1 mx -all"'
make_zone ext.example '_domainkey TXT "o=~"' "default._domainkey TXT \"$other_key\""
make_zone whole.example '@ TXT "v=spf1 mx -all"' "default._domainkey TXT \"$other_key\""
make_zone far.example "default-2._domainkey TXT \"$other_key\""
make_zone gone.example
make_zone off.example
make_zone old.example
make_zone new.example
# Its own name server never answers.
make_zone dead.example '@ TXT "v=spf1 mx -all"'
sed -i -e 's/^ns A .*/ns A 127.0.0.9/' /srv/zones/dead.example.zone

# README's script, for zones in /srv/zones.
cat >/usr/local/sbin/zone-changed <<'SCRIPT'
#!/bin/sh -eu
zone=/srv/zones/$1.zone
[ -e "$zone" ] || exit 0
old=$(sed -nE 's/^[[:space:]]*([0-9]+)[[:space:]]*; serial.*/\1/p' "$zone")
sed -i -E "s/^([[:space:]]*)$old([[:space:]]*; serial)/\1$((old + 1))\2/" "$zone"
nsd-control reload "$1" >/dev/null
SCRIPT
chmod 0755 /usr/local/sbin/zone-changed

make_reload_command
start_nsd
start_opendkim
start_postfix
ok "mta adopt" mailauthctl mta adopt --yes
mailauthctl server set zone.reload '/usr/local/sbin/zone-changed <domain>' mta.hostname mx.example.test dns.ttl 60

include() { printf '$INCLUDE %s/%s.zone\n' $exported "$1" >>"/srv/zones/$1.zone"; }
serial() { sed -nE 's/^[[:space:]]*([0-9]+)[[:space:]]*; serial.*/\1/p' "/srv/zones/$1.zone"; }
serves_serial() { drill -Q SOA "$1" @127.0.0.1 | grep -q " $(serial "$1") "; }
# The zone as it is now is one that the name server takes, also when it starts.
loads() {
	/usr/local/sbin/zone-changed "$1" && wait_for serves_serial "$1" &&
		nsd-checkzone "$1" "/srv/zones/$1.zone"
}
records() { # name, text: how many TXT records; a server that is down has not none
	drill TXT "$1" @127.0.0.1 >/tmp/answer 2>&1
	grep -qE 'rcode: (NOERROR|NXDOMAIN)' /tmp/answer || tail -n 1 /tmp/answer
	grep -v '^;' /tmp/answer | grep -c "$2"
}
text() { served "$1" | tr '\n' '|'; }
enable() { # what it said in /tmp/said
	mailauthctl domain enable-dkim "$@" >/tmp/printed 2>/tmp/said
}
said() { grep -q -- "$1" /tmp/said; }

# ---- a zone that has records already -------------------------------------------------------------

before=$(text own.example)$(text _dmarc.own.example)$(text default._domainkey.own.example)$(text _domainkey.own.example)
ok "enable-dkim of a zone with records of its own" enable own.example
ok "its SPF record is told" said 'at own.example (TXT v=spf1 mx -all): ours (t1) is left out'
ok "its DMARC record" said 'at _dmarc.own.example (TXT v=DMARC1; p=reject): ours (t2) is left out'
ok "its DKIM policy" said 'at _domainkey.own.example (TXT o=~): ours is left out'
ok "its key" said 'a different key at default._domainkey.own.example: the new key gets the selector default-2'
is "four lines, and what became of it" "$(grep -c . /tmp/said)" 6
include own.example
ok "the zone includes the file" loads own.example
is "nothing of it was doubled or changed" \
	"$(text own.example)$(text _dmarc.own.example)$(text default._domainkey.own.example)$(text _domainkey.own.example)" "$before"
ok "the new key is served" wait_for is_served default-2._domainkey.own.example
from_us() { deliver 127.0.0.1 "user@$1"; }
ok "mail is sent" from_us own.example
is "and signed with it" "$(signatures)" "d=own.example s=default-2"
ok "it verifies" verifies
is "record list shows what the zone has" \
	"$(mailauthctl --json record list own.example | jq -c '[.[] | select(.source == "zone") | .id, .data]')" \
	'["t1","v=spf1 mx -all","t2","v=DMARC1; p=reject","_domainkey","o=~"]'
is "domain show counts it" "$(mailauthctl --json domain show own.example | jq .left_out)" 3
ok "a later export is silent" test -z "$(mailauthctl zone export --all 2>&1)"
ok "doctor dns has nothing against it" mailauthctl doctor dns

# The commands that were said, as they were said.
reset=$(grep -o 'mailauthctl record reset own.example t1' /tmp/said)
sed -i '/^@ TXT "v=spf1/d' /srv/zones/own.example.zone
ok "the zone's own is taken out" loads own.example
ok "record reset as it was printed" eval "$reset"
ok "zone export" mailauthctl zone export own.example
ok "publishes ours" wait_for test "$(text own.example | grep -c 'a:mx.example.test -all')" = 1
is "once" "$(records own.example v=spf1)" 1
undo=$(mailauthctl --json audit list | jq -r 'map(select(.command == "record reset"))[0].id')
ok "audit undo of it" mailauthctl audit undo "$undo"
is "leaves it out again" "$(mailauthctl --json record list own.example | jq -r '.[] | select(.id == "t1") | .data')" ''
set=$(grep -o "mailauthctl record set own.example t2 '[^']*'" /tmp/said)
ok "record set as it was printed" eval "$set"
is "is the domain's own word" "$(mailauthctl --json record list own.example | jq -r '.[] | select(.id == "t2") | .source')" edited

# ---- other zones -----------------------------------------------------------------------------------

ok "a zone without any" enable plain.example
is "nothing is said but that DKIM is on" "$(grep -v 'was added' /tmp/said)" "mailauthctl: plain.example: DKIM is on"
include plain.example
ok "it loads" loads plain.example
is "SPF" "$(records plain.example v=spf1)" 1
is "DMARC" "$(records _dmarc.plain.example v=DMARC1)" 1
is "key" "$(records default._domainkey.plain.example v=DKIM1)" 1

ok "a zone with aliases at our owners" enable cname.example
ok "the DMARC alias is told" said 'at _dmarc.cname.example (CNAME _dmarc.own.example.): ours (t2) is left out'
ok "the one of the policy" said '_domainkey.cname.example (CNAME nowhere.invalid.): ours is left out'
ok "the one of the key" said 'the selector default-2'
include cname.example
ok "it loads" loads cname.example
is "SPF is ours" "$(records cname.example v=spf1)" 1

ok "a zone with wildcards" enable wild.example alias.example
is "they are no records of these names" "$(grep -c 'is left out' /tmp/said)" 0
include wild.example
include alias.example
ok "it loads" loads wild.example
ok "and with an alias for every name" loads alias.example
is "keys have the usual selector" "$(records default._domainkey.wild.example k=rsa)$(records default._domainkey.alias.example k=rsa)" 11

ok "a zone that has ours already" enable same.example
is "nothing is said" "$(grep -v 'was added' /tmp/said)" "mailauthctl: same.example: DKIM is on"

# What somebody set for the domain itself is published, and told.
mailauthctl server set dns.service external
mailauthctl domain add set.example
mailauthctl spf set set.example 'v=spf1 a -all'
fails "nothing of it is exported" test -e $exported/set.example.zone
ok "its zone is served from here" eval 'mailauthctl domain set set.example dns.service hosted 2>/tmp/said'
ok "its own policy is told" said 'own record at set.example (TXT v=spf1 mx -all), and record t1, which was set here, is published in addition'
include set.example
ok "it loads" loads set.example
mailauthctl doctor dns >/tmp/doctor 2>&1
ok "doctor dns finds two" grep -q 'set.example has 2 policies in DNS' /tmp/doctor
remedy=$(grep -o 'mailauthctl record remove set.example t1; mailauthctl zone export set.example' /tmp/doctor)
ok "its remedy as it is printed" eval "${remedy:-false}"
ok "leaves one" wait_for eval '[ "$(records set.example v=spf1)" = 1 ]'

ok "an external zone" enable ext.example
ok "the key takes another selector" grep -q '^ext.example *default-2._domainkey ' /tmp/printed
ok "the policy replaces what is there" grep -q '^ext.example *_domainkey .* no *TXT o=~ *o=-$' /tmp/printed
is "in JSON too" "$(mailauthctl --json domain enable-dkim ext.example 2>/dev/null | jq -c '[.[] | select(.host | test("_domainkey")) | .replaces]')" '["TXT o=~",null]'
mailauthctl server unset dns.service
ok "zones that were served elsewhere meanwhile are asked again" eval 'mailauthctl zone export --all 2>/tmp/said'
ok "with the same answer" said 'at _dmarc.cname.example (CNAME _dmarc.own.example.): ours (t2) is left out'

# An alias signs with the keys of its main domain, under their selectors.
ok "an alias whose zone has another key there" eval 'mailauthctl domain add --alias-of own.example far.example 2>/tmp/said'
ok "is told" said 'a different key at default-2._domainkey.far.example: ours is left out, and mail of far.example is not signed'
include far.example
ok "it loads" loads far.example
is "with one key" "$(records default-2._domainkey.far.example v=DKIM1)" 1
ok "mail of the alias is sent" from_us far.example
is "without a signature" "$(signatures)" ""
sed -i '/^default-2._domainkey/d' /srv/zones/far.example.zone
ok "the other key is taken out" loads far.example
ok "record reset as it was printed" eval "$(grep -o 'mailauthctl record reset far.example [a-z0-9._-]*' /tmp/said)"
ok "zone export" mailauthctl zone export far.example
ok "mail of the alias is sent again" from_us far.example
is "now signed" "$(signatures)" "d=far.example s=default-2"

# Silence: of one name server, then of the one that this host asks.
listen() {
	python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.9", 53))
print("ready", flush=True)
time.sleep(600)' >/tmp/silent &
}
listen
silent_pid=$!
wait_for grep -q ready /tmp/silent
# the queries wait for 3 and 5 s at most; the rest is for a busy machine
start=$SECONDS
ok "a zone whose own name server is silent" enable dead.example
ok "is asked for through the resolver" said 'own record at dead.example (TXT v=spf1 mx -all): ours (t1) is left out'
ok "after some seconds" test $((SECONDS - start)) -le 20
echo 'nameserver 127.0.0.9' >/etc/resolv.conf
start=$SECONDS
ok "a zone that nobody answers about" enable unheard.example
ok "one line says so" said 'no answer about the zone of unheard.example (no answer from 127.0.0.9'
is "it goes on" "$(grep -c 'is left out' /tmp/said)$(ls $exported/unheard.example.zone)" "0$exported/unheard.example.zone"
ok "after some seconds" test $((SECONDS - start)) -le 20
ok "once" test -z "$(mailauthctl zone export --all 2>&1)"

# What an export says is said once, although it is prepared twice.
mailauthctl domain add unheard-too.example elsewhere.example 2>/dev/null
mailauthctl domain set elsewhere.example dns.service external
mailauthctl record set unheard-too.example t1 'v=spf1 mx -all' 2>/dev/null
sqlite3 /var/lib/mailauthctl/mailauthctl.db "DELETE FROM zone_look WHERE name = 'unheard-too.example'"
mailauthctl zone export unheard-too.example elsewhere.example 2>/tmp/said
is "a message of an export that had to ask first" "$(grep -c 'dns.service is external' /tmp/said)" 1
mailauthctl domain remove unheard-too.example elsewhere.example

# Many at once.
for i in $(seq 100); do echo "unheard$i.example"; done >/tmp/many
start=$SECONDS
ok "a hundred domains without an answer" eval 'mailauthctl domain add --domains-from /tmp/many 2>/tmp/said'
ok "one line says so" said 'no answer about 100 zones (unheard'
# one after the other they would take minutes
ok "at the same time" test $((SECONDS - start)) -le 60
mailauthctl domain remove --domains-from /tmp/many

# No lock is held meanwhile.
mailauthctl domain add later.example 2>/tmp/later &
wait_for mailauthctl domain get later.example dns.service
ok "another export does not wait" timeout 2 mailauthctl --wait 1 zone export plain.example
ok "nor does a change" timeout 2 mailauthctl --wait 1 domain set plain.example dns.ttl 61
fails "the first one is asking" test -s /tmp/later
wait $!
ok "and ends" grep -q 'no answer about the zone of later.example' /tmp/later
kill $silent_pid
echo 'nameserver 127.0.0.1' >/etc/resolv.conf

# ---- files that zones include ----------------------------------------------------------------------

file() { echo "$exported/$1.zone"; }
is_kept() { grep -q '^; '"$1"' has no records here any more' "$(file "$1")" && ! grep -v '^;' "$(file "$1")"; }
include gone.example
fails "a zone that includes a file which is not there is refused" nsd-checkzone gone.example /srv/zones/gone.example.zone
ok "domain add writes it at once" mailauthctl domain add gone.example
ok "the zone loads" loads gone.example
is "with our policy" "$(records gone.example v=spf1)" 1
is "zones.list has it" "$(grep -c -x gone.example $exported/zones.list)" 1
ok "domain remove" mailauthctl domain remove gone.example
ok "zone export" mailauthctl zone export --all
ok "the file stays, without records" is_kept gone.example
ok "the zone loads" loads gone.example
is "without our policy" "$(records gone.example v=spf1)" 0
is "zones.list has it no more" "$(grep -c -x gone.example $exported/zones.list)" 0
mailauthctl doctor --json zones >/tmp/doctor
ok "doctor lists it" grep -q "$(file gone.example) has no records any more" /tmp/doctor
ok "added again" mailauthctl domain add gone.example
ok "the zone loads" loads gone.example
is "with our policy" "$(records gone.example v=spf1)" 1
fails "a file in use is not forgotten" mailauthctl zone forget gone.example
mailauthctl domain remove gone.example
sed -i '/INCLUDE/d' /srv/zones/gone.example.zone
ok "zone forget of a domain that was just removed" mailauthctl zone forget gone.example
fails "removes the file" test -e "$(file gone.example)"
ok "zone export" mailauthctl zone export --all
fails "does not bring it back" test -e "$(file gone.example)"
ok "the zone loads without it" loads gone.example

ok "a domain that signs" enable old.example
include old.example
ok "loads" loads old.example
ok "is renamed" mailauthctl domain rename old.example new.example
include new.example
ok "the new zone loads" loads new.example
ok "zone export" mailauthctl zone export --all
ok "the old zone loads" loads old.example
is "with the old key" "$(records default._domainkey.old.example v=DKIM1)" 1
fails "and is not forgotten" mailauthctl zone forget old.example
sqlite3 /var/lib/mailauthctl/mailauthctl.db "UPDATE former_key SET until = 1"
ok "after retire-after" mailauthctl zone export --all
ok "its file stays, without records" is_kept old.example
ok "and its zone loads" loads old.example
ok "zone forget --dry-run" eval 'mailauthctl --dry-run zone forget --all 2>/tmp/said && test -e $(file old.example)'
ok "names it" said "would remove $(file old.example)"

ok "disable-dkim --now" mailauthctl domain disable-dkim --now new.example
ok "domain remove --now" mailauthctl domain remove --now new.example
ok "zone export" mailauthctl zone export --all
ok "the file stays" is_kept new.example
ok "the zone loads" loads new.example

ok "a domain" mailauthctl domain add off.example
include off.example
ok "loads" loads off.example
ok "its DNS goes elsewhere" mailauthctl domain set off.example dns.service external
ok "zone export" mailauthctl zone export --all
ok "the file stays" is_kept off.example
ok "the zone loads" loads off.example
rm "$(file off.example)"
ok "a file that somebody deleted" mailauthctl zone export --all
ok "comes back" is_kept off.example

mkdir -p /srv/elsewhere
ok "another folder" eval 'mailauthctl server set zone.directory /srv/elsewhere 2>/tmp/said'
ok "is warned of" said "the zone files in $exported are not changed"
ok "zone export" mailauthctl zone export --all
ok "files are there, too" test -e /srv/elsewhere/plain.example.zone
ok "zones that include the old ones load" loads plain.example
mailauthctl doctor --json zones >/tmp/doctor
ok "doctor lists those" grep -q "$exported/.*.zone is not updated" /tmp/doctor
sed -i "s|$exported|/srv/elsewhere|" /srv/zones/plain.example.zone
ok "the zone includes the new one" loads plain.example
ok "the old one is forgotten" mailauthctl zone forget plain.example
fails "and gone" test -e "$(file plain.example)"
ok "the new one is there" loads plain.example
sed -i "s|/srv/elsewhere|$exported|" /srv/zones/plain.example.zone
ok "back" eval 'mailauthctl server set zone.directory '"$exported"' 2>/dev/null && mailauthctl zone export --all'
ok "the zone loads" loads plain.example

# ---- zone.reload -------------------------------------------------------------------------------------

fails "a program that is not there is refused" mailauthctl server set zone.reload '/usr/local/sbin/zone-chnaged <domain>'
fails "so is one of no folder" mailauthctl server set zone.reload 'zone-chnaged <domain>'
printf '#!/bin/sh\n[ -e /tmp/good ] || { echo "no luck" >&2; exit 3; }\n' >/usr/local/sbin/reload-luck
fails "and one that is not executable" mailauthctl server set zone.reload reload-luck
chmod 0755 /usr/local/sbin/reload-luck
ok "then it is taken" mailauthctl server set zone.reload reload-luck
mailauthctl record add plain.example www A 192.0.2.80 2>/dev/null
fails "it fails" eval 'mailauthctl zone export --all 2>/tmp/said'
ok "with its words" said 'no luck'
fails "again" eval 'mailauthctl zone export --all 2>/tmp/said'
is "cron hears them once" "$(cat /tmp/said)" ""
fails "a person on a terminal" script -qec 'mailauthctl zone export --all' /tmp/typescript
ok "each time" grep -q 'no luck' /tmp/typescript
touch /tmp/good
ok "until it works" mailauthctl zone export --all

# ---- whole zones -------------------------------------------------------------------------------------

ok "zone.format full" eval 'mailauthctl server set zone.format full zone.reload true 2>/tmp/said'
ok "is warned of" said 'remove the $INCLUDE lines'
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300'
mailauthctl template add '<domain>.' NS '<hostname>.'
mailauthctl template apply --all 2>/dev/null
ok "a zone that is served elsewhere so far" enable whole.example
ok "its policy is replaced, and how to keep it is told" said "mailauthctl record set whole.example t1 'v=spf1 mx -all'"
ok "its key is not" said 'the selector default-2'
ok "our zone is whole" grep -q 'a:mx.example.test -all' "$(file whole.example)"
ok "the command keeps the policy" eval "$(grep -o "mailauthctl record set whole.example t1 '[^']*'" /tmp/said) && mailauthctl zone export whole.example"
ok "in the zone" grep -q 'TXT "v=spf1 mx -all"' "$(file whole.example)"
ok "what zones may include is there still" is_kept off.example
mailauthctl domain remove --now whole.example
mailauthctl zone export --all 2>/dev/null
fails "a whole zone goes with its domain" test -e "$(file whole.example)"

done_testing
