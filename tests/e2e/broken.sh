# Things broken on purpose, one at a time: each is refused or undone with its reason, files and
# database are as they were, and mail gets the same answer as before.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

db=/var/lib/mailauthctl/mailauthctl.db
ours="/etc/postfix /etc/opendkim.conf /etc/mailauthctl /etc/dkimkeys"

# Every file and folder that a push may touch (staged files would show too), and the whole store.
state() {
	# shellcheck disable=SC2086
	find $ours -printf '%p %y %m %U:%G %l\n' 2>/dev/null | sort
	# shellcheck disable=SC2086
	find $ours -type f -exec sha256sum {} + | sort -k2
	sqlite3 -readonly $db .dump | grep -v 'INTO sqlite_sequence' | cut -c1-300
}

# What becomes of a message of example.com: "signed", "unsigned", or the reply.
outcome() {
	local reply
	reply=$(send 127.0.0.1 user@example.com --timeout 5)
	case $reply in
	250*) ;;
	*) echo "${reply:-no answer}" | cut -c1-9; return ;;
	esac
	receive || { echo "not delivered"; return; }
	case $(signatures) in
	"d=example.com s=default") if verifies >/dev/null; then echo signed; else echo "badly signed"; fi ;;
	*) echo unsigned ;;
	esac
}

# Runs a command that must fail: its words go to /tmp/said.
run_refused() { "$@" >/tmp/out 2>/tmp/said; [ $? = 1 ]; }
one_reason() { grep -qE "$1" /tmp/said || { cat /tmp/said; return 1; }; }
unchanged() { state | diff /tmp/before -; }

refused() { # what, words of the reason, outcome of mail, command...
	local what=$1 words=$2 mail=$3
	shift 3
	is "$what: mail before" "$(outcome)" "$mail"
	state >/tmp/before
	ok "$what: refused with exit status 1" run_refused "$@"
	ok "$what: the reason is told" one_reason "$words"
	ok "$what: files and database are as they were" unchanged
	is "$what: mail afterwards" "$(outcome)" "$mail"
}

# Something small that changes a table and moves every key; the address is new each time.
change() { mailauthctl server set mta.trusted-relays "203.0.113.$((RANDOM % 250 + 1)),192.0.2.$((RANDOM % 250 + 1))"; }

# ---- an admin's milter outside of the chroot ------------------------------------------------------

# without a name that signs no filter is needed
ok "a domain that is to sign" mailauthctl domain enable-dkim --quiet --sign-now first.example
postconf -F smtp/inet/chroot=y
postconf -e smtpd_milters=unix:/run/opendkim/opendkim.sock milter_default_action=accept
postfix reload >/dev/null 2>&1
touch /tmp/before
refuse_adoption() { run_refused mailauthctl mta adopt --yes; }
before=$(outcome)
cp -a /etc/postfix /srv/postfix.before
ok "a socket outside of the chroot: adoption is refused" refuse_adoption
ok "the service, its chroot and the socket are named" \
	one_reason 'smtp \(smtpd\).*chroot /var/spool/postfix.*unix:/run/opendkim/opendkim\.sock'
ok "main.cf is as it was" diff -r /srv/postfix.before /etc/postfix
is "mail is as it was" "$(outcome)" "$before"
postconf -F smtp/inet/chroot=n cleanup/unix/chroot=n
chmod 0755 /run/opendkim
ok "the same without a chroot, where postfix may go there: adopted" mailauthctl mta adopt --yes
ok "and taken out again" mailauthctl mta push --remove --yes
chmod 0750 /run/opendkim
ok "a folder that postfix may not search: adoption is refused" refuse_adoption
ok "the folder and the remedy are named" one_reason 'postfix .*/run/opendkim .*chmod o\+x /run/opendkim'
postconf -F smtp/inet/chroot=y cleanup/unix/chroot=y
postconf -X smtpd_milters milter_default_action
postfix reload >/dev/null 2>&1
ok "the domain signs no more" mailauthctl domain disable-dkim --quiet --now first.example
ok "without that line the server is adopted" mailauthctl mta adopt --yes
mailauthctl server set zone.format full zone.reload reload-zones mta.hostname mx.example.test dns.ttl 60
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null
ok "a domain that signs" mailauthctl domain enable-dkim example.com
ok "another one" mailauthctl domain enable-dkim other.example
wait_for is_served default._domainkey.example.com
is "its mail is signed" "$(outcome)" signed

# ---- main.cf --------------------------------------------------------------------------------------

main=/etc/postfix/main.cf
cp -a $main /srv/main.cf
echo 'this is no line of main.cf' >>$main
refused "a main.cf that postconf cannot read" "postconf.*missing '=' after attribute name" signed change
cp -a /srv/main.cf $main

echo 'inet_protocols = bogus' >>$main
state >/tmp/before
ok "a main.cf that Postfix cannot read: a change of tables alone is refused" run_refused change
ok "with Postfix's words" one_reason 'Postfix is running, but can no longer read its configuration in /etc/postfix.*bogus'
ok "files and database are as they were" unchanged
ok "a push that has nothing to do is refused, too" run_refused mailauthctl mta push
ok "with the same words" one_reason 'Postfix is running, but can no longer read its configuration in /etc/postfix.*bogus'
ok "mta status says it" sh -c 'mailauthctl mta status | grep -q "can no longer read its configuration"'
ok "and doctor" sh -c 'mailauthctl doctor server | grep -q "can no longer read its configuration"'
cp -a /srv/main.cf $main
ok "once it can be read, the same is taken" change
is "mail is signed" "$(outcome)" signed

echo 'milter_default_action = acept' >>$main
ok "a word of the admin's that Postfix does not know is not ours to refuse" change
cp -a /srv/main.cf $main

mkdir -m 0755 /srv/shared
mv $main /srv/shared/main.cf
ln -s /srv/shared/main.cf $main
ok "a symlinked main.cf: a change that writes it" mailauthctl server set dkim.sign off
is "the link is kept" "$(readlink $main)" /srv/shared/main.cf
is "mail is not signed" "$(outcome)" unsigned
ok "and back" mailauthctl server set dkim.sign on
is "its target was written in its own folder" "$(ls -A /srv/shared)" main.cf
ok "with the content of before" cmp /srv/shared/main.cf /srv/main.cf
is "its owner and mode are kept" "$(stat -c '%U:%G %a' /srv/shared/main.cf)" "root:root 644"
is "mail is signed" "$(outcome)" signed
chmod 0777 /srv/shared
refused "a link into a folder that everybody may write to" 'can change /srv/shared' signed \
	mailauthctl server set dkim.sign off
rm $main
cp -a /srv/main.cf $main

mount --bind /srv/main.cf $main
refused "a bind-mounted main.cf" "cannot replace $main: it is a mount point" signed \
	mailauthctl server set dkim.sign off
umount $main
cmp -s /srv/main.cf $main || cp -a /srv/main.cf $main

if chattr +i $main 2>/dev/null; then
	refused "an immutable main.cf" "cannot replace $main: it is immutable" signed \
		mailauthctl server set dkim.sign off
	chattr -i $main
else
	skip "an immutable main.cf" "chattr +i does not work on this file system"
fi

# A process that has read the file of before still answers while master does not take the signal.
printf '%s\n' 'smtpd_delay_reject = no' 'smtpd_helo_restrictions = nonsense' >>$main
cp -a $main /srv/edited.cf
master=$(tr -d ' ' </var/spool/postfix/pid/master.pid)
is_told() { [ $((0x$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$master/status") & 1)) = 1 ]; }
kill -STOP "$master"
run_refused mailauthctl server set dkim.sign off &
push=$!
ok "master is told to reload" wait_for is_told
fails "nobody is asked before it has" timeout 2 tail --pid=$push -f /dev/null
kill -CONT "$master"
wait $push
is "main.cf as Postfix reads it then: exit status 1" $? 0
ok "with what the new processes say" one_reason '451 4.3.5 Server configuration error'
ok "main.cf is as it was" cmp $main /srv/edited.cf
cp -a /srv/main.cf $main
postfix reload >/dev/null 2>&1
ok "put right, the change is taken back" mailauthctl server set dkim.sign on
is_signed() { [ "$(outcome)" = signed ]; }
ok "mail is signed" wait_for is_signed

# ---- the file system ------------------------------------------------------------------------------

mount --bind /etc /etc
mount -o remount,bind,ro /etc
refused "a read-only /etc" 'Read-only file system' signed change
umount /etc

mkdir /srv/etc
mount -t tmpfs -o "size=$(($(du -sk --apparent-size /etc | cut -f1) + $(find /etc | wc -l) * 4 + 512))k" tmpfs /srv/etc
cp -a /etc/. /srv/etc
mount --bind /srv/etc /etc
head -c 100M /dev/zero >/etc/ballast 2>/dev/null
refused "a full /etc" 'No space left on device' signed change
rm /etc/ballast
ok "with room again the same is taken" change
mkdir /srv/kept
cp -a /etc/. /srv/kept
umount /etc
cp -a /srv/kept/. /etc
umount /srv/etc

# ---- OpenDKIM -------------------------------------------------------------------------------------

mv /usr/sbin/opendkim /usr/sbin/opendkim.away
refused "a missing OpenDKIM" 'OpenDKIM.*install the package opendkim' signed change
mv /usr/sbin/opendkim.away /usr/sbin/opendkim

cp -a /etc/opendkim.conf /srv/opendkim.conf
sed -i '1i NoSuchWord yes' /etc/opendkim.conf
refused "a line of the admin's that OpenDKIM does not know" 'OpenDKIM would refuse.*line 1' signed change
cp -a /srv/opendkim.conf /etc/opendkim.conf

chmod 0700 /etc/mailauthctl/opendkim
refused "a folder that the filter cannot read" \
	'opendkim cannot use .*/etc/mailauthctl/opendkim .*chmod o\+x /etc/mailauthctl/opendkim' signed change
chmod 0755 /etc/mailauthctl/opendkim

chmod 0777 /etc/dkimkeys
refused "a folder of keys that everybody may write to" \
	'opendkim would refuse the key .*/etc/dkimkeys can be changed by all accounts.*chmod o-w /etc/dkimkeys' "451 4.7.1" change
chmod 0700 /etc/dkimkeys
is "put right, mail is signed" "$(outcome)" signed

# The filter is dead, and whatever starts it fails.
kill -9 "$(opendkim_pid)"
wait_for sh -c '! pgrep -x opendkim'
mv /usr/sbin/opendkim /usr/sbin/opendkim.away
cat >/usr/sbin/opendkim <<-'SCRIPT'
	#!/bin/sh
	case " $* " in
	*" -n "* | *" -t "* | *" -V "*) exec /usr/sbin/opendkim.away "$@" ;;
	esac
	echo "no memory today" >&2
	exit 75
SCRIPT
chmod 0755 /usr/sbin/opendkim
is "a dead OpenDKIM: mail waits" "$(outcome)" "451 4.7.1"
files() { state | grep -v '^INSERT'; }
files >/tmp/before
ok "a push that cannot start it fails" run_refused change
ok "with the reason" one_reason 'opendkim'
is "files are as they were" "$(files | diff /tmp/before -)" ""
is "mail still waits" "$(outcome)" "451 4.7.1"
mv /usr/sbin/opendkim.away /usr/sbin/opendkim
ok "when it can be started a push does so" mailauthctl mta push
is "and mail is signed" "$(outcome)" signed

# ---- keys -----------------------------------------------------------------------------------------

swap_keys() {
	sqlite3 $db "CREATE TEMP TABLE t AS SELECT p.* FROM dkim_private p JOIN dkim_key k ON k.private_id = p.id
		JOIN domain d ON d.id = k.domain_id WHERE d.name IN ('example.com', 'other.example');
		UPDATE dkim_private SET pkcs8 = (SELECT pkcs8 FROM t WHERE t.id <> dkim_private.id)
		WHERE id IN (SELECT id FROM t)"
}
swap_keys
refused "another domain's private key in the database" \
	'private key of example.com, selector default, in the database does not match its record: it is the key of other.example' \
	signed mailauthctl mta push --force
swap_keys

cat /etc/dkimkeys/other.example/default.private >/etc/dkimkeys/example.com/default.private
is "another domain's key in the file of the right name: nobody can verify" "$(outcome)" "badly signed"
mailauthctl mta push >/dev/null 2>/tmp/said ||
	ok "a push without --force names the file" one_reason /etc/dkimkeys/example.com/default.private
mailauthctl mta push --force >/dev/null 2>&1
is "mail is signed with the right key again" "$(outcome)" signed

# ---- databases ------------------------------------------------------------------------------------

is "mail is signed" "$(outcome)" signed
ok "a backup" mailauthctl db backup /srv/backup.db
files >/tmp/before
ok "a change after it" mailauthctl domain enable-dkim later.example
ok "changes the tables" grep -q '^later.example ' /etc/mailauthctl/opendkim/SigningTable
rm -f $db $db-wal $db-shm
cp -p /srv/backup.db $db
ok "the backup is put back: a change" mailauthctl domain add unrelated.example
is "compares everything: all is as at that time" "$(files | diff /tmp/before -)" ""
is "mail is signed" "$(outcome)" signed

second() { mailauthctl --db /srv/second.db "$@"; }
ok "a second database: what it saves does not reach the host" second domain add example.org
state >/tmp/before
ok "its push is refused" run_refused second mta push
ok "with the way out" one_reason 'follows another database; to follow this one instead, use --take-over'
ok "files and the first database are as they were" unchanged
is "mail is signed" "$(outcome)" signed
ok "--take-over" second mta adopt --yes --take-over
is "makes the host follow it: example.com is not in it" "$(outcome)" unsigned
ok "the first one is refused now" run_refused mailauthctl mta push
ok "and takes over again" mailauthctl mta push --take-over
is "mail is signed" "$(outcome)" signed
done_testing
