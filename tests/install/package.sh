# The package in a bare root, second half: adopted, upgraded, removed, installed again, purged, and mail
# flows all the time.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/install/readme.sh
. /e2e/readme.sh
go_on

# What belongs to Postfix and the filters.
theirs() { (cd /etc && find postfix opendkim.conf opendmarc.conf default/postsrsd dkimkeys -type f -print0 | sort -z | xargs -0 sha256sum); }
# The row of "Undoing things" that holds the words.
undo() { grep -oE "\`sudo apt-get $1 mailauthctl\`" $checkout/README.md | head -1 | tr -d '`'; }
install_again() { dpkg -i $checkout/build/deb/mailauthctl_*.deb; }
state() { dpkg-query -W -f '${db:Status-Abbrev}' mailauthctl 2>/dev/null | tr -d ' '; }
stranger() { deliver 192.0.2.2 user@partner.example && header Received-SPF | grep -q partner.example; }
stranger_unchecked() { deliver 192.0.2.2 user@partner.example && [ -z "$(header Received-SPF)" ]; }

keep_zone
printf '$ORIGIN partner.example.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n@ TXT "v=spf1 ip4:192.0.2.2 -all"\n' \
	>/srv/zones/partner.example.zone
start_host
before=$(theirs)

# ---- a timer on a host that nobody adopted ---------------------------------------------------------

cron=$(sed -nE 's/^([^ #]+ +){5}root +//p' /etc/cron.d/mailauthctl)
is "before adoption the crontab is quiet" "$(as_cron "PATH=/usr/sbin:/usr/bin:/sbin:/bin; $cron"; echo $?)" 0
is "and changes nothing" "$(theirs)" "$before"

# ---- the main job ----------------------------------------------------------------------------------

steps "$(block "Five minutes" "zone.reload")"
steps "$(block "" "mta adopt")"
ok "the record is served" is_served default._domainkey.example.com
ok "mail is signed" from_us
ok "and verifies against DNS" verifies
ok "what comes in is checked with SPF" stranger
is "as the package's own account" "$(grep -oE 'user=[a-z]+ argv=.*mailauth-policyd' /etc/postfix/master.cf)" \
	"user=mailauth argv=/usr/libexec/mailauthctl/mailauth-policyd"
is "the crontab is quiet still" "$(as_cron "PATH=/usr/sbin:/usr/bin:/sbin:/bin; $cron"; echo $?)" 0
key=$(served default._domainkey.example.com)

# ---- an upgrade ------------------------------------------------------------------------------------

adopted=$(theirs)
ok "an upgrade" install_again
is "does not touch the mail server" "$(theirs)" "$adopted"
ok "mail is signed" from_us
ok "and checked" stranger
is "a push has nothing to do" "$(mailauthctl mta plan; echo $?)" 0

# ---- removal that cannot be done -------------------------------------------------------------------

mv /usr/sbin/postconf /usr/sbin/postconf.away
printf '#!/bin/sh\necho "no postconf today" >&2\nexit 1\n' >/usr/sbin/postconf
chmod 0755 /usr/sbin/postconf
as_person bash -c "$(undo remove)" >/tmp/said 2>&1
is "a removal that fails fails as a whole" "$(state)" ii
ok "and says how to go on" grep -q 'mta push --remove' /tmp/said
mv /usr/sbin/postconf.away /usr/sbin/postconf
ok "mail is signed still" from_us

# ---- removed, installed again ----------------------------------------------------------------------

steps "$(undo remove)"
is "removed" "$(state)" rc
is "Postfix and the filters are as before" "$(theirs)" "$before"
ok "mail flows unsigned" from_us_unsigned
ok "and unchecked" stranger_unchecked
ok "the database stays" test -s /var/lib/mailauthctl/mailauthctl.db
is "zones stay" "$(served default._domainkey.example.com)" "$key"
is "the crontab that stays is quiet" "$(as_cron "PATH=/usr/sbin:/usr/bin:/sbin:/bin; $cron"; echo $?)" 0
ok "installed again" install_again
ok "nothing is pushed by itself" from_us_unsigned
steps "mailauthctl mta adopt"
ok "mail is signed with the key that there was" from_us
is "whose record never moved" "$(served default._domainkey.example.com)" "$key"

# ---- purged ----------------------------------------------------------------------------------------

steps "$(undo purge)"
is "purged" "$(state)" ""
# Postfix leaves the sockets of services that it has no more.
is "nothing is left of it" "$(find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /home -o -path /e2e \
	-o -path /var/spool/postfix -o -path /var/log -o -path /var/cache/apt -o -path /tmp \) -prune -o -name '*mailauth*' -print)" ""
is "Postfix and the filters are as before, once more" "$(theirs)" "$before"
ok "mail flows unsigned" from_us_unsigned

# ---- without a mail server -------------------------------------------------------------------------

ok "once more" install_again
steps "mailauthctl mta adopt"
postfix stop >/dev/null 2>&1
ok "the mail server goes first" apt-get purge -y postfix opendkim opendmarc postsrsd
ok "then the package" apt-get purge -y mailauthctl
is "it is gone" "$(state)" ""
done_testing
