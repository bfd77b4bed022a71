# A database with a table missing, or one that takes no more rows: a command that meets it ends with 1, says
# so, and changes nothing.  Those that do without it go on.
db=$ROOT/var/lib/mailauthctl/mailauthctl.db
run() { "$PROGRAM" --root "$ROOT" "$@"; }
dump() { sqlite3 -readonly "$db" .dump | grep -v sqlite_sequence | sha256sum; }
run --quiet server set mta.backend directory mta.hostname mx.example.com dns.ttl 600 dkim.rsa-bits 1024
run --quiet domain add example.com
run --quiet domain set example.com dns.ttl 60
run --quiet record add example.com www A 192.0.2.80
run --quiet domain enable-dkim example.com 2>/dev/null
cp -a "$ROOT" whole
reading='server list
domain list
domain show example.com
record list example.com
key list example.com
audit list
config export
zone show example.com
mta status'
writing='server set spf.mode 3
domain add example.net
domain set example.com dns.ttl 90
domain remove example.com
domain disable-dkim example.com
domain enable-dkim example.net
record add example.com a A 192.0.2.1
template set t2 v=DMARC1;p=reject
audit undo 4'
# What of the commands fails, each in that state.
try() { # what is said; statements that break the database; commands
	local said=$1 sql=$2 failed='' status before line
	rm -rf "$ROOT" && cp -a whole "$ROOT"
	sqlite3 "$db" "$sql"
	before=$(dump)
	cp -a "$ROOT" broken
	while read -r line; do
		# shellcheck disable=SC2086 # words
		run $line >printed 2>said </dev/null
		status=$?
		if [ $status != 0 ]; then
			failed+=", $line"
			[ $status = 1 ] || failed+=" (exit $status)"
			[ "$before" = "$(dump)" ] || grep -q saved said || failed+=" (and something was saved)"
			grep -q -e "$said" said || failed+=" ($(tail -1 said | tr -d '<>'))"
		fi
		[ "$3" = "$reading" ] || { rm -rf "$ROOT" && cp -a broken "$ROOT"; }
	done <<<"$3"
	rm -rf broken
	echo "${failed#, }" | fold -s -w 110
}
for table in $(sqlite3 "$db" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"); do
	echo "--- without $table"
	try "no such table" "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE $table RENAME TO lost" "$reading"
	echo "--- $table is full"
	try "takes no more" "CREATE TRIGGER broken BEFORE INSERT ON $table BEGIN SELECT RAISE(ABORT, 'takes no more'); END" "$writing"
done
