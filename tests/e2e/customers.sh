# Customers: accounts that manage the DKIM, SPF and DMARC of their own domains through sudo, and
# nothing else.  Names that the customer must never hear of hold "hidden".
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

db=/var/lib/mailauthctl/mailauthctl.db
program=/usr/local/sbin/mailauthctl
mkdir -p /run/dev/upper /run/dev/work
has_syslog=
if mount -t overlay -o lowerdir=/dev,upperdir=/run/dev/upper,workdir=/run/dev/work overlay /dev; then
	rm -f /dev/log
	python3 /e2e/servers.py syslog &
	wait_for test -S /dev/log
	has_syslog=yes
fi

# ---- accounts: alice and carol are customers, dave and erin administrators -------------------------

groupadd customers
groupadd mailauthctl-admin
groupadd wheel
for account in alice carol mallory; do useradd -m -g customers -s /bin/bash $account; done
useradd -m -g customers -G sudo dave
useradd -m -g customers -G mailauthctl-admin erin
# an account whose own group is called like an administrators' one
useradd -m -g wheel -G customers wheel
echo '%customers ALL=(root) NOPASSWD: NOSETENV: /usr/local/sbin/mailauthctl' \
	>/etc/sudoers.d/mailauthctl
# a careless setting around it
echo 'Defaults:mallory setenv, !secure_path, env_keep += "MAILAUTHCTL_DB LANGUAGE LOCPATH TMPDIR"' \
	>/etc/sudoers.d/careless
chmod 0440 /etc/sudoers.d/*
ok "sudo takes the documented line" visudo -c
echo 'secret of root' >/root/secret
ln -s /root/secret /home/alice/link
sed -i '1i # hidden-main-cf' /etc/postfix/main.cf
postconf -e 'smtpd_banner=hidden-banner ESMTP'
postfix reload >/dev/null 2>&1

as() { # account, words
	local account=$1
	shift
	(cd "/home/$account" && setpriv --reuid="$account" --regid=customers --init-groups \
		sudo -n $program "$@")
}
alice() { as alice "$@"; }
# "1 what was said"
answer() { local said status=0; said=$("$@" 2>&1 </dev/null) || status=$?; printf '%s %s' $status "$said"; }
refuses() { # words of the answer, command...
	local words=$1 said
	shift
	said=$(answer "$@")
	case $said in 1\ *"$words"*) ;; *) echo "$said"; return 1 ;; esac
}

mailauthctl server set mta.hostname mx.example.test dns.ipv4 192.0.2.1 zone.reload /bin/true 2>/dev/null
mailauthctl domain add alice.test second.test carol.test hidden-carol.test hidden-nobody.test 2>/dev/null
mailauthctl domain add www.alice.test hidden-alias.test --alias-of alice.test 2>/dev/null
mailauthctl domain add given.test --alias-of hidden-nobody.test 2>/dev/null
for domain in alice.test second.test given.test; do
	mailauthctl domain set $domain owner alice 2>/dev/null
done
for domain in carol.test hidden-carol.test hidden-alias.test; do
	mailauthctl domain set $domain owner carol 2>/dev/null
done
mailauthctl domain enable-dkim hidden-nobody.test hidden-carol.test 2>/dev/null
mailauthctl record add alice.test @ TXT 'verification=1' 2>/dev/null

# ---- who is who -----------------------------------------------------------------------------------

# One who gets no list has not an empty one.
names() {
	"$@" domain list --format tsv >/tmp/names || echo "status $?"
	tail -n +2 /tmp/names | cut -f1 | paste -sd' '
}
is "alice has her domains and their aliases" "$(names alice)" "alice.test given.test second.test www.alice.test"
is "carol has hers, an alias of another's among them" "$(names as carol)" "carol.test hidden-alias.test hidden-carol.test"
is "who owns nothing has none" "$(names as mallory)" ""
is "an administrator has all" "$(names as dave | wc -w)" 8
is "by the group mailauthctl-admin too" "$(names as erin | wc -w)" 8
is "not by his own group" "$(names as wheel)" ""
is "root has all" "$(names mailauthctl | wc -w)" 8
is "root through sudo has all" "$(names sudo $program | wc -w)" 8
is "an administrator's shell has all" "$(setpriv --reuid=dave --regid=customers --init-groups sh -c \
	"exit" && SUDO_UID=$(id -u dave) SUDO_USER=alice mailauthctl domain list --format tsv | tail -n +2 | wc -l)" 8
is "the id counts, not the name" "$(SUDO_UID=$(id -u alice) SUDO_USER=root names mailauthctl)" \
	"alice.test given.test second.test www.alice.test"
for uid in '' x -0 ' 0' 0x0 4294967295 4123456789; do
	ok "SUDO_UID \"$uid\" is refused" refuses 'the caller cannot be determined' env "SUDO_UID=$uid" mailauthctl domain list
done
cp $program /usr/local/bin/setuid-copy
chmod u+s /usr/local/bin/setuid-copy
ok "a set-user-ID copy is refused" refuses 'set-user-ID' setpriv --reuid=alice --regid=customers \
	--init-groups /usr/local/bin/setuid-copy domain list
rm /usr/local/bin/setuid-copy
mailauthctl server set owner mallory 2>/dev/null
is "the server's owner has what names none" "$(names as mallory)" "hidden-nobody.test"
mailauthctl domain set hidden-nobody.test owner '' 2>/dev/null
is "unless the domain says nobody" "$(names as mallory)" ""
mailauthctl server unset owner 2>/dev/null

# ---- everything that there is, as a customer ------------------------------------------------------

ok "every command row" python3 /e2e/customers.py rows
ok "every option" python3 /e2e/customers.py options
ok "lines at random" python3 /e2e/customers.py random 8

# ---- what is prepared for the program ---------------------------------------------------------------

mkdir -m 0700 /srv/evil
mailauthctl --db /srv/evil/evil.db domain add evil.test 2>/dev/null
mailauthctl --db /srv/evil/evil.db domain set evil.test owner mallory 2>/dev/null
careless() { as mallory "$@"; }
is "MAILAUTHCTL_DB has no effect" "$(MAILAUTHCTL_DB=/srv/evil/evil.db names careless)" ""
is "though it is there for root" "$(MAILAUTHCTL_DB=/srv/evil/evil.db names mailauthctl)" evil.test
through_sudo() { (cd /home/mallory && setpriv --reuid=mallory --regid=customers --init-groups sudo -n "$@"); }
ok "mallory may keep much of her environment" refuses 'for administrators' careless server list
is "an exported SUDO_UID has no effect" "$(export SUDO_UID=0 SUDO_USER=root; names careless)" ""
ok "one for sudo to set is refused" refuses 'not allowed to set' through_sudo SUDO_UID=0 $program domain list
ok "so is sudo -E" refuses 'not allowed to preserve' through_sudo -E $program domain list
# a catalogue and a locale of the customer's
mkdir -p /home/mallory/es/LC_MESSAGES
printf '\xde\x12\x04\x95junk' >/home/mallory/es/LC_MESSAGES/mailauthctl.mo
looks_at() { # variable, value: which files of mallory's are opened
	env "$1=$2" SUDO_UID="$(id -u mallory)" strace -f -e trace=openat -o /tmp/opened mailauthctl domain list 2>&1
	grep -q mailauthctl.db /tmp/opened || echo "nothing was seen"
	grep mallory /tmp/opened
}
for variable in LANGUAGE LOCPATH NLSPATH OPENSSL_CONF HOSTALIASES TMPDIR; do
	is "$variable leads nowhere" "$(looks_at $variable /home/mallory/es)" ""
done

# limits, signals and descriptors
limited() { # bash words before the command; then as alice sudo would start it
	(cd /home/alice && SUDO_UID=$(id -u alice) bash -c "$1; exec $program "'"$@"' - "${@:2}")
}
# lifted, or refused where there is no right to
lifted() { local said; said=$(answer limited "$@"); case $said in 0\ * | 1\ *'cannot be raised'*) ;; *) echo "$said"; return 1 ;; esac; }
ok "a file size limit" lifted 'ulimit -f 0' spf set alice.test 'v=spf1 a -all'
ok "a memory limit" lifted 'ulimit -v 100000' spf set alice.test 'v=spf1 a -all'
ok "few descriptors" limited 'ulimit -n 20' spf set alice.test 'v=spf1 mx -all'
ok "a process limit" limited 'ulimit -u 1' domain enable-dkim alice.test
ok "closed descriptors" limited 'exec <&- 2>&-' spf set alice.test 'v=spf1 a mx -all'
fails "nothing to answer to is a failure" limited 'exec >&-' domain list
is "the database is no answer's descriptor" "$(sqlite3 $db 'PRAGMA integrity_check')" ok
ok "an ignored SIGCHLD" limited "trap '' CHLD" domain disable-dkim alice.test
ok "and DKIM is on again" alice domain enable-dkim alice.test
record() { mailauthctl record list "$1" --format tsv | awk -F'\t' -v o="$2" '$2 == o && $5 ~ /^v=/ { print $5 }'; }
is "no core, no file of the customer's folder" "$(find /home/alice -user root ! -type l ! -name .)" ""

# a pipe that nobody reads keeps no lock
mkfifo /tmp/unread
sleep 1000 <>/tmp/unread &
reader=$!
perl -MFcntl -e 'open my $p, "+<", "/tmp/unread"; fcntl $p, F_SETFL, O_NONBLOCK; 1 while syswrite $p, "x" x 4096; 1 while syswrite $p, "x"'
alice domain disable-dkim alice.test
limited 'echo $$ >/tmp/stuck; echo 900 >/proc/self/oom_score_adj; chrt -i -p 0 $$; ionice -c 3 -p $$
	taskset -p 1 $$ >/dev/null; exec >/tmp/unread 2>&1' domain enable-dkim alice.test &
stuck=$!
standing() { # pid
	cat "/proc/$1/oom_score_adj"
	ionice -p "$1" | sed 's/:.*//'
	chrt -p "$1" | sed -n '1s/.*: //p'
	taskset -p "$1" | sed 's/.*: //'
}
is_on() { [ "$(mailauthctl domain get alice.test dkim.sign)" = on ]; }
# until the program has taken itself out of the idle class, every other process goes first
WAIT=120
ok "an answer that nobody reads: the change is saved" wait_for is_on
unset WAIT
ok "it holds no lock" mailauthctl --wait 10 zone export --all
ok "and still waits for its reader" kill -0 $stuck
is "memory, disk and processor are not of the customer's choice" "$(standing "$(cat /tmp/stuck)")" \
	"$(printf '0\nnone\nSCHED_OTHER\n' && taskset -p 1 | sed 's/.*: //')"
kill $reader
cat /tmp/unread >/dev/null &
kill $!
kill -9 $stuck 2>/dev/null
wait $stuck 2>/dev/null
rm -f /tmp/unread

# ---- the audit trail is not a way to fill the disk ------------------------------------------------

sqlite3 $db "INSERT INTO change (at, uid, actor, command) VALUES (unixepoch(), $(id -u alice), 'alice', 'spf set');
	INSERT INTO change_item (change_id, seq, object, domain, field, new)
	SELECT max(id), 1, 'record', 'alice.test', '<domain>. TXT', hex(zeroblob(600000)) FROM change"
before=$(sqlite3 $db 'SELECT max(id) FROM change')
ok "too much within an hour is refused" refuses 'within the last hour' alice dmarc set alice.test p=quarantine
is "and changes nothing" "$(sqlite3 $db 'SELECT max(id) FROM change')" "$before"
ok "another account goes on" as carol dmarc set carol.test p=quarantine
ok "so does an administrator" mailauthctl dmarc set alice.test p=quarantine
sqlite3 $db "UPDATE change SET at = at - 3600 WHERE id = $before"
ok "an hour later it goes on, too" alice dmarc set alice.test p=none

# ---- the whole way, on a mail server that is followed ---------------------------------------------

ok "the mail server is adopted" mailauthctl mta adopt --yes
mailauthctl server set zone.format full zone.reload reload-zones dns.ttl 60 2>/dev/null
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null 2>&1
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null 2>&1
mailauthctl template apply --all >/dev/null 2>&1
mailauthctl zone export --all
mailauthctl domain add fresh.test 2>/dev/null
mailauthctl domain set fresh.test owner alice 2>/dev/null
ok "a customer switches DKIM on" alice domain enable-dkim fresh.test
wait_for is_served default._domainkey.fresh.test
ok "its key is public" is_served default._domainkey.fresh.test
mail_of() { deliver 127.0.0.1 "user@$1" >/dev/null && signatures; }
is "mail of the domain is signed" "$(mail_of fresh.test)" "d=fresh.test s=default"
is "the trail names the account" "$(mailauthctl --json audit list --limit 3 | jq -r '.[].actor' | sort -u | grep -v root)" alice
is "and its id" "$(sqlite3 $db "SELECT DISTINCT uid FROM change WHERE actor = 'alice'")" "$(id -u alice)"
ok "another algorithm and selector" alice domain set fresh.test dkim.algorithm both dkim.selector s2026
ok "with its key" alice domain enable-dkim --all
ok "the policy text goes away" alice domain set fresh.test dkim.policy none
ok "SPF" alice spf set fresh.test --add include:spf.alice.test
ok "DMARC" alice dmarc set fresh.test p=quarantine rua=mailto:r@fresh.test
is "stand in the records" "$(record fresh.test _dmarc.fresh.test.)" \
	"v=DMARC1; p=quarantine; rua=mailto:r@fresh.test"
ok "DKIM off" alice domain disable-dkim fresh.test
is "mail is not signed" "$(mail_of fresh.test)" ""
ok "an alias of another's: no DKIM of its own" refuses 'does not manage' alice domain disable-dkim given.test
ok "but a policy" alice dmarc set given.test p=reject
ok "and its key is shown under its own name" test "$(alice key list given.test --format tsv | tail -1 | cut -f1)" = given.test
mailauthctl domain suspend fresh.test 2>/dev/null
ok "a suspended domain stays suspended" refuses 'is suspended' alice domain enable-dkim fresh.test
ok "and is not resumed" refuses 'for administrators' alice domain resume fresh.test
mailauthctl domain resume fresh.test 2>/dev/null

is "a dry run shows her own change alone" "$(answer alice --dry-run domain set alice.test dkim.selector x |
	grep -c 'hidden\|KeyTable\|main.cf')" 0
seen() { alice "$@" --dry-run domain set alice.test dkim.policy none 2>&1; }
is "of the records too, where it moves an alias of another's" \
	"$(seen | grep -c '_domainkey.alice.test')/$(seen | grep -c hidden)/$(seen --json | grep -c hidden)" 1/0/0
ok "and changes nothing" test "$(mailauthctl domain get alice.test dkim.selector)" = default
# her key is public under another's name, too, which she does not hear
key_names() { "$@" --json key show alice.test | jq -r '.publication[].name' | paste -sd' '; }
is "an administrator sees where a key is public" "$(key_names mailauthctl)" "alice.test hidden-alias.test www.alice.test"
is "a customer sees it under her own names" "$(key_names alice)" "alice.test www.alice.test"
is "in a table, too" "$(alice key show alice.test | grep -c hidden)/$(mailauthctl key show alice.test | grep -c hidden)" 0/1

# what the mail server says is the administrator's
chmod 0777 /etc/dkimkeys
: >/tmp/syslog
ok "a push that is refused tells a customer nothing" refuses 'not saved: the mail server could not be prepared' \
	alice domain enable-dkim fresh.test
ok "nothing was saved" test "$(mailauthctl domain get fresh.test dkim.sign)" = off
if [ "$has_syslog" ]; then
	ok "the reason is in the log" wait_for grep -q 'alice: domain enable-dkim: .*/etc/dkimkeys' /tmp/syslog
else
	skip "the reason is in the log" "no /dev/log can be made here"
fi
chmod 0700 /etc/dkimkeys
touch /tmp/nsd-is-broken
ok "an export that fails tells little" refuses 'could not be published' alice domain enable-dkim fresh.test
rm /tmp/nsd-is-broken
ok "the next export makes up for it" mailauthctl zone export --all
fails "a lock that is held" bash -c "exec 9>>$db.lock; flock 9; SUDO_UID=$(id -u alice) timeout 2 $program \
	spf set alice.test 'v=spf1 -all' >/tmp/said 2>&1"
is "names no holder" "$(cat /tmp/said)" "mailauthctl: interrupted"

# ---- an owner changes -----------------------------------------------------------------------------

mailauthctl domain set fresh.test owner carol 2>/dev/null
ok "the new owner manages it" as carol spf set fresh.test 'v=spf1 -all'
is "for the old one it is not there" "$(answer alice domain show fresh.test | sed s/fresh.test/X/)" \
	"$(answer alice domain show absent.test | sed s/absent.test/X/)"
mailauthctl domain set fresh.test owner alice 2>/dev/null
# while her keys are made, the domain is given away: nothing of it may be hers any more
mailauthctl domain add third.test 2>/dev/null
mailauthctl domain set third.test owner alice dkim.rsa-bits 4096 2>/dev/null
exec 9>>$db.lock
flock 9
alice domain enable-dkim third.test >/tmp/said 2>&1 9>&- &
late=$!
wait_for pgrep -u root -f 'mailauthctl domain enable-dkim third.test'
sqlite3 $db "UPDATE domain_setting SET value = 'carol' WHERE key = 'owner' AND domain_id = (SELECT id FROM domain WHERE name = 'third.test')"
exec 9>&-
wait $late
is "given away under the lock: refused" "$(cut -d: -f2 /tmp/said | head -1)" \
	' third.test is not a domain that the account alice manages; run "mailauthctl domain list" to list its domains'
is "without a key" "$(mailauthctl --json key list third.test)" "[]"

# what she has made for her keeps nobody waiting
for i in 1 2 3 4 5 6; do
	mailauthctl domain add big$i.test 2>/dev/null
	mailauthctl domain set big$i.test owner alice dkim.rsa-bits 4096 2>/dev/null
done
alice domain enable-dkim --all >/tmp/said 2>&1 &
making=$!
is_making() {
	local pid
	for pid in $(pgrep -x mailauthctl); do
		[ "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1 ] && return
	done
	return 1
}
wait_for is_making
ok "while a customer's keys are made, an administrator changes a domain" \
	mailauthctl --wait 3 domain set carol.test dkim.selector other
ok "and exports" mailauthctl --wait 3 zone export carol.test
ok "all during the work" kill -0 $making
wait $making
is "then she has her keys" "$(mailauthctl --json key list | jq '[.[] | select(.bits == 4096 and (.domain | startswith("big")))] | length')" 6

ok "the database is sound" mailauthctl db check
ok "the last changes are exported" mailauthctl zone export --all
is "nothing waits for the mail server" "$(mailauthctl mta plan)" ""
done_testing
