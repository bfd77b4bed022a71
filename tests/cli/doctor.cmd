# what differs from machine to machine: versions, room on its disks, days
plain() { sed -E -e 's/mailauthctl [0-9.]+, SQLite [0-9.]+/PROGRAM/' -e 's|"subject": "[^"]*", "finding": "/[^ ]* has|"subject": "DISK", "finding": "DISK has|' \
	-e 's#(DISK|/[^ ]*) has [0-9]+ MB left#DISK has N MB left#' \
	-e 's/owner [a-z0-9]+, group [0-9]+/owner US, group US/'; }
m doctor | plain
# a host below the root
mkdir -p "$ROOT"/etc/postfix "$ROOT"/var/spool/postfix
printf '%s\n' 'myhostname = mx.example.net' 'mynetworks = 127.0.0.0/8' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd' 'submission inet n - n - - smtpd' \
	'127.0.0.1:10025 inet n - n - - smtpd' ' -o smtpd_milters=' \
	'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
echo 'Syslog yes' >"$ROOT/etc/opendkim.conf"
for file in passwd group; do printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'nobody:x:65534:65534::/:/bin/false' >"$ROOT/etc/$file"; done
m --quiet doctor server
m server set mta.hostname mx.example.net zone.reload true
m --no-push domain add example.com example.org
m --no-push domain enable-dkim example.com
m --no-push domain enable-dkim example.org
m doctor server zones
m mta adopt --yes 2>&1 | tail -1
m zone export --all
m doctor | plain
m --json doctor | plain
m --format tsv doctor program server overrides | plain
m --quiet doctor
# faults, one for each check that looks at files
db=$ROOT/var/lib/mailauthctl/mailauthctl.db
chmod 0640 "$db"
cp "$db" "$db.v0"
sed -i 's/^mailauth_milter = .*/mailauth_milter =/' "$ROOT/etc/postfix/main.cf"
sed -i 's/^submission .*/&\n -o smtpd_milters=/' "$ROOT/etc/postfix/master.cf"
key=$ROOT/etc/dkimkeys/example.com/default.private
cp "$ROOT/etc/dkimkeys/example.org/default.private" "$key"
rm "$ROOT/etc/dkimkeys/example.org/default.private"
chmod 0700 "$ROOT/var/lib/mailauthctl/zones"
echo broken >>"$ROOT/var/lib/mailauthctl/zones/example.com.zone"
m --quiet doctor | plain
m doctor database keys
m --json --quiet doctor permissions zones | plain
# what they say helps
chmod 0600 "$db"
rm "$db.v0"
chmod o+rx "$ROOT/var/lib/mailauthctl/zones"
m mta push --force 2>&1 | grep -v '^!.*left as'
m zone export example.com
sed -i '/^ -o smtpd_milters=$/d' "$ROOT/etc/postfix/master.cf"
m --quiet doctor
m server set dkim.verify off 2>&1 | grep -c '^!'
m mta rollback --yes 2>&1 | tail -1
m --quiet doctor
m mta push 2>&1 | tail -1
m --quiet doctor
# a database that is none, one of a newer version, one that is gone while the host follows it
mv "$db" "$SCRATCH/kept"
rm -f "$db"-wal "$db"-shm
m doctor database
echo 'this is no database, whatever its name says' >"$db"
chmod 0600 "$db"
m --quiet doctor database keys zones
m doctor nothing
m doctor --resolver nowhere
# a host that knows no public name, nor an address: what is left out of the zones is told, once
rm -r "$ROOT/var/lib/mailauthctl"
echo 'myhostname = a1b2c3d4e5f6.localdomain' >"$ROOT/etc/postfix/main.cf"
m --quiet --no-push domain add example.com example.net
m --quiet zone export --all
m --quiet doctor zones
m --quiet --no-push server set mta.hostname mx.example.net
m --quiet zone export --all
m --quiet doctor zones
# names in DNS, by a name server that knows none: the SRS domain's own, else the host's
cat >server.py <<'END'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
open("port.new", "w").write(str(s.getsockname()[1]))
import os
os.rename("port.new", "port")
while True:
    question, client = s.recvfrom(4096)
    end = question.index(b"\0", 12) + 5
    s.sendto(question[:2] + b"\x81\x83" + question[4:6] + b"\0" * 6 + question[12:end], client)
END
python3 server.py & server=$!
while [ ! -s port ] && kill -0 $server; do sleep 0.02; done
# of this machine nothing but the database in the scratch folder is looked at
own() { MAILAUTHCTL_DB=$SCRATCH/own/own.db "$PROGRAM" --quiet --no-push "$@" 2>&1; }
names() { own doctor hostname --resolver "127.0.0.1:$(cat port)" | grep -c "srs.domain $1 has"; }
mkdir -m 0700 "$SCRATCH/own"
own server set mta.hostname mx.example.net srs.enabled on srs.domain bounce.example.org >/dev/null
names bounce.example.org
names mx.example.net
own server unset srs.domain >/dev/null
names mx.example.net
own server set srs.enabled off srs.domain bounce.example.org >/dev/null
names bounce.example.org
kill $server
