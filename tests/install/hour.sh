# A new user's hour, second half: on a mail host, from adoption to a signed message.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/install/readme.sh
. /e2e/readme.sh
go_on

keep_zone
printf '$ORIGIN partner.example.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\nspf TXT "v=spf1 ip4:192.0.2.9 -all"\n' \
	>/srv/zones/partner.example.zone
start_host
ok "before anything, mail flows unsigned" from_us_unsigned

steps "$(blocks "Five minutes")"
ok "the record is served" is_served default._domainkey.example.com
ok "mail is signed" from_us
ok "and verifies against DNS" verifies
ok "what comes in is checked with SPF" deliver 192.0.2.2 user@partner.example
is "and says so" "$(header Received-SPF | grep -c partner.example)" 1

is_as_listed() {
	local text
	text=$(served "$1")
	[ -n "$text" ] && mailauthctl --format tsv record list example.com | grep -qF -- "$text"
}
old=$(served _dmarc.example.com)
cron=$(block "Cron" "zone export" | sed -E 's/^([^ ]+ +){5}root +//')
is "the crontab's line is quiet" "$(as_cron "$cron"; echo $?)" 0
ok "the edit of the SPF record reaches DNS" is_as_listed example.com
ok "so does that of the template" is_as_listed _dmarc.example.com
fails "which was another one before" test "$(served _dmarc.example.com)" = "$old"
ok "mail is signed still" from_us

steps "$(grep -oE '`mailauthctl mta push --remove`' $checkout/README.md | head -1 | tr -d '`') --yes"
ok "mail flows unsigned" from_us_unsigned
steps "$(grep -oE '`sudo make uninstall`' $checkout/README.md | head -1 | tr -d '`')"
is "of what stands there, only the admin's own script is left" "$(find /usr/local -type f -o -name '*mailauth*')" \
	/usr/local/sbin/zone-changed
done_testing
