# `doctor` on a host that is well: nothing is found.  Then one thing after the other is broken: that
# very thing is found, its remedy is carried out as it is printed, and it is gone.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

mkdir -p /srv/zones
printf '$ORIGIN example.test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\nmx A 192.0.2.1\nmx AAAA 2001:db8::1\n' \
	>/srv/zones/example.test.zone
printf '$ORIGIN 2.0.192.in-addr.arpa.\n$TTL 60\n@ SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60\n@ NS ns.example.test.\n1 PTR mx.example.test.\n' \
	>/srv/zones/2.0.192.in-addr.arpa.zone
make_reload_command
start_nsd
sed -i -e '/^TrustAnchorFile/d' -e '$aNameservers 127.0.0.1' /etc/opendkim.conf
start_opendkim
start_postfix
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
sed -i '/^smtp .* inet /a submission inet n - y - - smtpd' /etc/postfix/master.cf

# What was found, a line each: "check state subject | finding | remedy".  Whether NTP sets the clock is
# the machine's own matter.
doctor() {
	mailauthctl --quiet --json doctor "$@" >/tmp/doctor.json 2>/tmp/doctor.err
	python3 -c '
import json
for row in json.load(open("/tmp/doctor.json")):
    if row["check"] != "clock":
        print(row["check"], row["state"], row["subject"] or "-", "|", row["finding"], "|", row["remedy"] or "")' \
		>/tmp/found
}
remedy() { sed -n "$1"'s/.* | //p' /tmp/found; }
show() { sed 's/^/# /' /tmp/found /tmp/doctor.err; }
is_well() {
	doctor
	[ ! -s /tmp/found ] && [ ! -s /tmp/doctor.err ] || { show; return 1; }
}
# Exactly one thing is found: its check, state and subject, and words of the finding.
finds() { # "check state subject" words
	doctor
	[ "$(wc -l </tmp/found)" = 1 ] && grep -q "^$1 | .*$2" /tmp/found || { show; return 1; }
}
# One row of several, for helps.
keep_row() { # pattern
	grep "$1" /tmp/found >/tmp/row
	cp /tmp/row /tmp/found
}
# The remedy is a command; carried out, all is well again.
helps() { # remedy
	[ "$(remedy 1)" = "$1" ] || { show; return 1; }
	# mta adopt asks, and here is nobody to answer
	bash -c "${1/%mta adopt/mta adopt --yes}" >/tmp/said 2>&1 || { sed 's/^/# /' /tmp/said; return 1; }
	wait_for is_well || { show; return 1; }
}

# ---- a host that is well --------------------------------------------------------------------------

ok "zones go to NSD" mailauthctl server set zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60 \
	dns.ipv4 192.0.2.1 dns.ipv6 2001:db8::1
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' 2>/dev/null
mailauthctl template add '<domain>.' NS 'ns.example.test.' 2>/dev/null
mailauthctl template set t1 'v=spf1 +a:<hostname> -all'
ok "a domain is to sign" mailauthctl --no-push domain enable-dkim --quiet example.com
mailauthctl doctor server >/tmp/said 2>&1
ok "a server that was not adopted is found" grep -q 'Postfix was not adopted' /tmp/said
ok "adopted" mailauthctl mta adopt --yes
mailauthctl domain enable-dkim --quiet example.org
mailauthctl domain disable-dkim --quiet example.org
mkdir -p /etc/cron.d # as on a machine with cron
doctor cron
ok "an export that never ran is found" grep -q '^cron problem - | "zone export --all" has never finished.*| echo .* root /.*mailauthctl zone export --all' /tmp/found
ok "cron runs it" mailauthctl zone export --all
ok "nothing is found" is_well
mailauthctl doctor >/tmp/all
is "each check says something" "$(grep -c '^[A-Z].*([a-z]*)$' /tmp/all)" 14
is "nothing is left out" "$(grep -c '^  skipped' /tmp/all)" 0
mailauthctl doctor services hostname dns resolver database
is "with exit status 0" $? 0
started=$(date +%s%N)
doctor
took=$((($(date +%s%N) - started) / 1000000))
ok "in seconds ($took ms)" test $took -lt 10000
state() { (cd / && find etc/postfix etc/mailauthctl etc/dkimkeys etc/opendkim.conf var/lib/mailauthctl -type f ! -name '*-shm' -print0 | sort -z | xargs -0 sha256sum; stat -c '%n %Y %Z' etc/postfix/* var/lib/mailauthctl/*.db); }
before=$(state)
doctor --all
is "and changes nothing" "$(state)" "$before"
is "nor does it write to the mail's queue" "$(mailq | grep -c '^[0-9A-F]')" 0

# ---- servers --------------------------------------------------------------------------------------

postfix stop >/dev/null 2>&1
ok "its pid file is still there" test -s /var/spool/postfix/pid/master.pid
doctor server
ok "a stopped Postfix is found" grep -q "^server problem postfix | .*installed, but is not running | postfix start$" /tmp/found
ok "and started" helps "postfix start"

filter_is_gone() { ! opendkim_pid; }
kill -KILL "$(opendkim_pid)"
wait_for filter_is_gone
ok "a dead filter is found" finds "services problem opendkim" "required but not running"
ok "and started" helps "mailauthctl mta push"

chmod 0600 /etc/mailauthctl/policyd.yaml
doctor services permissions
ok "an SPF service that cannot read its file is found" grep -q "^services problem postfix | the policy service at unix:" /tmp/found
ok "and why" grep -q '^permissions problem /etc/mailauthctl/policyd.yaml' /tmp/found
keep_row '^permissions'
ok "its rights help" helps "mailauthctl mta push --force"

postconf -P 'submission/inet/smtpd_milters='
ok "an override in master.cf is found" finds "overrides warning submission" "submission/inet in master.cf sets smtpd_milters itself"
ok "and taken out" helps "postconf -c /etc/postfix -PX submission/inet/smtpd_milters; postfix -c /etc/postfix reload"

# a filter of the admin's at the service stays there
opendkim -f -x /dev/null -b v -p inet:8899@127.0.0.1 2>/dev/null &
other=$!
postconf -P 'submission/inet/smtpd_milters=inet:127.0.0.1:8899'
ok "a list without the signing filter is found" finds "overrides warning submission" "neither signed nor verified"
ok "and gets it" helps "postconf -c /etc/postfix -P 'submission/inet/smtpd_milters=\$mailauth_smtpd_milters,inet:127.0.0.1:8899'; postfix -c /etc/postfix reload"
is "beside the admin's" "$(postconf -Ph submission/inet/smtpd_milters)" '$mailauth_smtpd_milters,inet:127.0.0.1:8899'
postconf -PX submission/inet/smtpd_milters
postconf -P 'submission/inet/receive_override_options=no_milters,no_address_mappings'
ok "no_milters is found" finds "overrides warning submission" "no_milters"
ok "and taken out" helps "postconf -c /etc/postfix -P 'submission/inet/receive_override_options=no_address_mappings'; postfix -c /etc/postfix reload"
postconf -PX submission/inet/receive_override_options
postconf -e 'receive_override_options=no_milters,no_address_mappings'
doctor overrides
ok "in main.cf, too" grep -q "^overrides warning smtp .*no_milters" /tmp/found
keep_row '^overrides warning smtp '
ok "and taken out" helps "postconf -c /etc/postfix -e 'receive_override_options=no_address_mappings'; postfix -c /etc/postfix reload"
postconf -X receive_override_options
# the filter's own socket, however it is written
postconf -P 'submission/inet/smtpd_milters=unix:/opendkim/opendkim.sock'
ok "a list that names the signing filter is no fault" is_well
postconf -PX submission/inet/smtpd_milters
kill $other
wait $other
# a port for quarantine or copies, and a filter before the queue
printf '10026 inet n - n - - smtpd -o smtpd_milters=\nsmtpd pass - - n - - smtpd -o smtpd_proxy_filter=127.0.0.1:10024\n' \
	>>/etc/postfix/master.cf
doctor overrides
fails "a port without milters that is meant so is no fault" grep -q '^overrides [a-z]* 10026' /tmp/found
ok "a filter before the queue is found" grep -q '^overrides warning smtpd .*smtpd_proxy_filter.*| pass mail to that filter after the queue' /tmp/found
fails "and never taken out" grep -q 'postconf.*smtpd_proxy_filter' /tmp/found
postconf -MX 10026/inet smtpd/pass
ok "as before" wait_for is_well

postconf -M 'policyd-spf/unix=policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf'
postconf -e 'smtpd_data_restrictions=reject_unauth_pipelining, check_policy_service unix:private/policyd-spf, permit'
ok "another SPF check is found" finds "overrides warning -" "smtpd_data_restrictions uses unix:private/policyd-spf, which appears to be another SPF check"
ok "and told by status" sh -c 'mailauthctl mta status --json | grep -q "appears to be another SPF check"'
ok "and taken out" helps "$(remedy 1)"
is "alone" "$(postconf -h smtpd_data_restrictions)" "reject_unauth_pipelining, permit"
postconf -P 'smtp/inet/smtpd_client_restrictions=check_policy_service,unix:private/policyd-spf'
ok "in master.cf, too" finds "overrides warning -" "smtpd_client_restrictions (smtp/inet) uses"
ok "and taken out" helps "$(remedy 1)"
postconf -PX smtp/inet/smtpd_client_restrictions
postconf -X smtpd_data_restrictions
postconf -MX policyd-spf/unix

sed -i 's/^mailauth_milter = .*/mailauth_milter =/' /etc/postfix/main.cf
ok "an edit in main.cf is found" finds "overrides warning /etc/postfix/main.cf" "(mailauth_milter) was edited"
ok "and overwritten" helps "mailauthctl mta push --force"

# a note, which --quiet leaves out
may_send_as_anybody() {
	mailauthctl --json doctor overrides | jq -e \
		'.[] | select(.state == "note" and .subject == "authorized_submit_users" and (.remedy | test("CUSTOMERS")))'
}
useradd -m customer
mailauthctl domain set example.com owner customer --quiet
ok "local accounts that may send as anybody are told of where customers are" \
	may_send_as_anybody
postconf -e authorized_submit_users=root
fails "not where they may not" may_send_as_anybody
postconf -X authorized_submit_users
mailauthctl domain unset example.com owner --quiet
fails "nor where no domain has an owner" may_send_as_anybody

mailauthctl server set dkim.verify off >/dev/null
mailauthctl mta rollback --yes >/dev/null 2>&1
ok "held pushes are found" finds "server warning -" "pushes are held after a rollback"
ok "and taken up again" helps "mailauthctl mta push"
mailauthctl server set dkim.verify on --no-push >/dev/null
ok "a change that was not pushed is found" finds "server warning -" "2 files are pending"
ok "and pushed" helps "mailauthctl mta push"

sqlite3 /var/lib/mailauthctl/target.db "INSERT INTO push (at, actor, command, kind, gen, token, state)
	VALUES (1, 'root', 'mta push', 'push', 1, 1, 'prepared')"
ok "an interrupted push is found" finds "database problem -" "was interrupted"
ok "and put right" helps "mailauthctl mta push"

# ---- keys and the database ------------------------------------------------------------------------

key=/etc/dkimkeys/example.com/default.private
chmod 0644 $key
doctor services permissions
ok "a key that everybody may read is found" grep -q "^permissions problem $key .*can be read or changed by all accounts" /tmp/found
ok "and that the filter does not take it" grep -q "^services problem opendkim .*deferred" /tmp/found
keep_row '^permissions'
ok "and closed" helps "mailauthctl mta push --force"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null >$key
ok "another key is found" finds "keys problem $key" "does not match the record of example.com"
ok "and replaced" helps "mailauthctl mta push --force"
chmod 0644 /var/lib/mailauthctl/mailauthctl.db
ok "a database that others may read is found" finds "database problem /var/lib/mailauthctl/mailauthctl.db" "other accounts can read"
ok "and closed, too" helps "chmod 0600 /var/lib/mailauthctl/mailauthctl.db"
cp /bin/sleep /tmp/mailauthctl
/tmp/mailauthctl 1000 &
holder=$!
echo "$holder zone export" >/var/lib/mailauthctl/mailauthctl.db.lock
touch -d '1 hour ago' /var/lib/mailauthctl/mailauthctl.db.lock
ok "a lock that is held for long is found" finds "database problem /var/lib/mailauthctl/mailauthctl.db.lock" "process $holder has held"
ok "and its holder ended" helps "kill $holder"
sqlite3 /var/lib/mailauthctl/mailauthctl.db "UPDATE dkim_key SET due = unixepoch() - 3 * 86400 WHERE state = 'resting'"
ok "a key that should have gone is found" finds "keys warning example.org" "the resting key of example.org"
ok "and goes" helps "mailauthctl zone export --all"

# ---- DNS ------------------------------------------------------------------------------------------

serve_instead() { # sed expression
	sed -E "$1" $exported/example.com.zone >/tmp/other.zone
	sed -i 's|/var/lib/mailauthctl/zones/example.com.zone|/tmp/other.zone|' /etc/nsd/nsd.conf.d/exported.conf
	nsd-control reconfig >/dev/null
	nsd-control reload >/dev/null
}
export_again="mailauthctl zone export example.com; reload-zones"
serve_instead 's/"v=spf1 [^"]*"/"v=spf1 mx ?all"/'
ok "another SPF record in DNS is found" finds "dns problem example.com" "127.0.0.1 returns a different text"
ok "and served again" helps "$export_again"
serve_instead 's/^default._domainkey.*/default._domainkey.example.com. TXT "v=DKIM1; k=rsa; p=AAAA"/'
ok "another key in DNS is found" finds "dns problem default._domainkey.example.com" "contains another key"
ok "and served again" helps "$export_again"
serve_instead '/^_dmarc/d'
ok "a missing DMARC record is found" finds "dns problem _dmarc.example.com" "does not have it"
ok "and served again" helps "$export_again"
serve_instead 's/( SOA [^ ]+ [^ ]+ )[0-9]+/\11/'
ok "an old serial is found" finds "dns warning example.com" "has serial 1"
ok "and served again" helps "$export_again"
mailauthctl record set example.com t1 'v=spf1 a:mx.example.test ptr -all' >/dev/null 2>&1
mailauthctl zone export --all
ok "a policy that is not good is found" finds "dns warning example.com" "spf-ptr"
is "where it is told more" "$(remedy 1)" "mailauthctl spf lint example.com"
mailauthctl record reset example.com t1
mailauthctl zone export --all
ok "and mended" wait_for is_well

touch /tmp/nsd-is-broken
mailauthctl record set example.com t2 'v=DMARC1; p=quarantine'
fails "an export whose reload fails fails" mailauthctl zone export --all
doctor zones cron
ok "a name server that was not told is found" grep -q '^zones problem zone.reload .*the name server is down.*| mailauthctl zone export --all$' /tmp/found
ok "and that the job failed" grep -q '^cron problem - | the last .* failed | mailauthctl zone export --all$' /tmp/found
rm /tmp/nsd-is-broken
ok "and told" helps "mailauthctl zone export --all"
mv /usr/local/sbin/reload-zones /usr/local/sbin/moved
ok "a reload program that is gone is found" finds "zones problem reload-zones" "does not exist"
mv /usr/local/sbin/moved /usr/local/sbin/reload-zones

kill "$(cat /run/nsd/nsd.pid)"
name_server_is_gone() { ! nsd-control status; }
wait_for name_server_is_gone
started=$SECONDS
doctor resolver hostname dns
ok "a dead name server is found" grep -q '^resolver problem 127.0.0.1 ' /tmp/found
ok "and that nothing could be asked" grep -q '^dns warning .* records that could not be queried' /tmp/found
ok "in time" test $((SECONDS - started)) -lt 40
nsd -d >/var/log/nsd.log 2>&1 &
wait_for nsd-control status
ok "it answers again" wait_for is_well

# ---- cron, disk -----------------------------------------------------------------------------------

touch -d '2 hours ago' /var/lib/mailauthctl/mailauthctl.db.heartbeat
ok "a cron job that stopped is found" finds "cron problem -" "last finished 120 minutes ago"
crontab=$(remedy 1)
rm -rf /etc/cron.d
doctor cron
is "without cron, it is to be installed first" "$(remedy 1)" "apt-get install cron && $crontab"
mkdir /etc/cron.d # what that would do
bash -c "$crontab"
doctor cron
is "once the crontab is there, cron is to be looked at" "$(remedy 1)" "make sure that cron is running: /etc/cron.d/mailauthctl exists"
ok "what it says runs" bash -c "$(sed 's/.* root //' /etc/cron.d/mailauthctl)"
ok "and is seen" is_well

cp -a $exported /tmp/zones
mount -t tmpfs -o mode=0755,size=2m tmpfs $exported
cp -a /tmp/zones/. $exported
ok "a file system that is nearly full is found" finds "disk problem $exported" "MB left ($exported)"
mount -o remount,size=200m $exported
ok "with more room it is well" is_well
mount -o remount,ro $exported
doctor disk
ok "one that is read-only is found" grep -q "^disk problem $exported .*read-only" /tmp/found
ok "and made writable" helps "mount -o remount,rw $exported"
umount $exported

# ---- sockets and chroots --------------------------------------------------------------------------

mailauthctl mta push --remove --yes >/dev/null 2>&1
kill "$(opendkim_pid)" 2>/dev/null
wait_for filter_is_gone
start_opendkim
# an admin's own list: the filter listens where Debian has it, and nobody is in a chroot
for service in smtp/inet submission/inet cleanup/unix; do postconf -F "$service/chroot=n"; done
postconf -e smtpd_milters=unix:/run/opendkim/opendkim.sock non_smtpd_milters=unix:/run/opendkim/opendkim.sock
adduser --quiet postfix opendkim 2>/dev/null
postfix reload >/dev/null 2>&1
ok "adopted with the filter where it is" mailauthctl mta adopt --yes
ok "which is well" wait_for is_well
postconf -F smtp/inet/chroot=y
postfix reload >/dev/null 2>&1
doctor services overrides
ok "a socket outside of a chroot is found" grep -q "^overrides problem smtp .*runs in the chroot /var/spool/postfix and cannot reach" /tmp/found
ok "and what comes of it" grep -q "^services problem postfix .*cannot reach its filter" /tmp/found
keep_row '^overrides'
ok "and the service taken out of it" helps "postconf -c /etc/postfix -F smtp/inet/chroot=n; postfix -c /etc/postfix reload"

# ---- last: what was pushed before is not ours any more afterwards ------------------------------------

rm -f /etc/mailauthctl/policyd.yaml
doctor overrides permissions services
ok "a file of ours that is gone is found" grep -q '^overrides warning /etc/mailauthctl/policyd.yaml .*was removed.*| mailauthctl mta push$' /tmp/found
ok "and the timer's push writes it" mailauthctl mta push --quiet --scheduled
ok "which is well" wait_for is_well
echo garbage >/var/lib/mailauthctl/target.db
doctor database
ok "a damaged target.db is found" grep -q '^database problem .*target.db is damaged' /tmp/found
keep_row '^database'
ok "and made anew" helps "mv /var/lib/mailauthctl/target.db /var/lib/mailauthctl/target.db.damaged; mailauthctl mta adopt"
ok "what it found is ours" test -e /etc/mailauthctl/policyd.yaml -a -e $key
ok "and goes with the rest" mailauthctl mta push --remove --yes
is "leaving nothing" "$(find /etc/mailauthctl* /etc/dkimkeys -mindepth 1 ! -name README.PrivateKeys 2>/dev/null)" ""
postconf -M 'policyd-spf/unix=policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf'
postconf -e 'smtpd_recipient_restrictions=reject_unauth_destination,check_policy_service unix:private/policyd-spf'
mailauthctl mta adopt --yes >/tmp/said 2>&1
ok "another SPF check is told at adoption" grep -q "smtpd_recipient_restrictions uses unix:private/policyd-spf, which appears to be another SPF check" /tmp/said
doctor
ok "what takes it out keeps ours" helps "$(remedy 1)"
is "and the admin's" "$(postconf -h smtpd_recipient_restrictions)" 'reject_unauth_destination, $mailauth_recipient_restrictions'
done_testing
