# What doctor finds in the database, the pushed files and the keys of a host below a root.
m() { # without what differs from machine to machine
	local status=0
	printf '$ mailauthctl'
	printf ' %s' "$@"
	printf '\n'
	"$PROGRAM" --root "$ROOT" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr" || status=$?
	cat "$SCRATCH/stderr" "$SCRATCH/stdout" | sed -E -e "s|$ROOT|ROOT|g" -e 's/owner [a-z0-9]+, group [0-9]+/owner US, group US/' -e 's/(Tree [0-9]+ page|Page) [0-9]+: .* code 11/FAULT/'
	[ $status = 0 ] || echo "[exit $status]"
}
quietly() { "$PROGRAM" --quiet --root "$ROOT" "$@" >/dev/null 2>"$SCRATCH/stderr" </dev/null || cat "$SCRATCH/stderr"; }
db=$ROOT/var/lib/mailauthctl/mailauthctl.db
target=$ROOT/var/lib/mailauthctl/target.db
mkdir -p "$ROOT"/etc/postfix "$ROOT"/var/spool/postfix
printf '%s\n' 'myhostname = mx.example.net' 'mynetworks = 127.0.0.0/8' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
echo 'Syslog yes' >"$ROOT/etc/opendkim.conf"
printf '%s\n' 'root:x:0:0::/root:/bin/sh' 'nobody:x:65534:65534::/:/bin/false' >"$ROOT/etc/passwd"
cp "$ROOT/etc/passwd" "$ROOT/etc/group"
quietly server set mta.hostname mx.example.net zone.reload true dkim.rsa-bits 1024
quietly --no-push domain add example.com example.org
quietly --no-push domain enable-dkim example.com
quietly server set dkim.rsa-bits 2048
quietly mta adopt --yes
quietly zone export --all
quietly domain enable-dkim example.org
quietly zone export --all
m doctor server keys permissions database
cp -a "$ROOT" whole
fresh() { rm -rf "$ROOT" && cp -a whole "$ROOT"; }

# ---- what is not pushed -------------------------------------------------------------------------
quietly --no-push domain suspend example.org
m doctor server
quietly --no-push server set mta.trusted-relays 192.0.2.0/24
m doctor server
m mta push
m doctor server
fresh
quietly mta rollback --yes
m doctor server
fresh
rm "$db"*
quietly domain add example.com
m doctor server database
m --json doctor server

# ---- keys ---------------------------------------------------------------------------------------
fresh
sql() { sqlite3 "$db" "$1"; }
key=$ROOT/etc/dkimkeys/example.org/default.private
echo 'no key' >"$key"
m doctor keys
rm "$key" && mkdir "$key"
m doctor keys
fresh
now=$(date +%s)
sql "UPDATE dkim_key SET since = $now - 86400 * 9; UPDATE dkim_key SET state = 'pending' WHERE domain_id = (SELECT id FROM domain WHERE name = 'example.org')"
m doctor keys
quietly --no-push domain set example.org dns.service external
m doctor keys
fresh
sql "UPDATE dkim_key SET state = 'pending', since = $now - 86400 * 2 + 600 WHERE domain_id = (SELECT id FROM domain WHERE name = 'example.org')"
m doctor keys
quietly --no-push domain disable-dkim example.org
sql "UPDATE dkim_key SET due = $now - 86400 * 3 - 100 WHERE domain_id = (SELECT id FROM domain WHERE name = 'example.org')"
m doctor keys
sql "UPDATE dkim_key SET due = $now - 86300"
m doctor keys

# ---- who can read what --------------------------------------------------------------------------
fresh
printf '%s\n' 'opendkim:x:102:102::/:/bin/false' 'postfix:x:101:101::/:/bin/false' 'bind:x:103:103::/:/bin/false' >>"$ROOT/etc/passwd"
printf '%s\n' 'opendkim:x:102:' 'postfix:x:101:' 'bind:x:103:' >>"$ROOT/etc/group"
m doctor permissions
chmod 0700 "$ROOT/var/lib/mailauthctl/zones"
m doctor permissions
sed -i '/^bind/d' "$ROOT/etc/passwd"
m doctor permissions

# ---- the database -------------------------------------------------------------------------------
fresh
chmod 0775 "$ROOT/var/lib/mailauthctl"
m doctor database
chmod 0700 "$ROOT/var/lib/mailauthctl"
chmod 0644 "$target"
m doctor database
chmod 0600 "$target"
for state in prepared switching undoing ending undone done; do
	sqlite3 "$target" "UPDATE push SET state = '$state' WHERE id = (SELECT max(id) FROM push)"
	echo "--- $state"
	m doctor database
done
# pages that hold nothing
damage() { # database
	local page size
	sqlite3 "$1" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
	size=$(sqlite3 "$1" 'PRAGMA page_size')
	page=$(sqlite3 "$1" "SELECT rootpage FROM sqlite_schema WHERE name = '$2'")
	dd if=/dev/zero of="$1" bs="$size" seek=$((page - 1)) count=1 conv=notrunc 2>/dev/null
}
fresh
damage "$target" step
m doctor database server
fresh
damage "$db" setting
m doctor database server
fresh
rm "$db"*
damage "$target" step
m doctor database
