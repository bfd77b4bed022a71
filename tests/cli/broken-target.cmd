# The journal of pushes with a table missing, or one that takes no more rows: a command that meets it ends with
# 1 and says so.  Those that do without it go on.
db=$ROOT/var/lib/mailauthctl/target.db
run() { "$PROGRAM" --root "$ROOT" "$@"; }
run --quiet server set mta.backend directory mta.hostname mx.example.com mta.directory.path /out dkim.activate now
run --quiet domain add example.com
run --quiet --no-push domain enable-dkim example.com 2>/dev/null
run --quiet mta push
run --quiet server set spf.mode reject-fail
cp -a "$ROOT" whole
reading='mta history
mta history 2
mta plan
mta status
--dry-run mta rollback --yes'
writing='mta push --force
mta rollback --yes
mta rollback --yes 1
mta push --remove --yes
server set spf.mode headers-only
domain disable-dkim example.com --now'
# How each command ends in that state, and what it says where it fails.
try() { # statements that break the database; commands
	local line status
	while read -r line; do
		rm -rf "$ROOT" && cp -a whole "$ROOT"
		sqlite3 "$db" "$1"
		# shellcheck disable=SC2086 # words
		run $line >printed 2>said </dev/null
		status=$?
		if [ $status != 0 ]; then
			echo "$line: exit $status: $(tail -1 said | sed "s|$ROOT|ROOT|g" | cut -c1-180)"
		fi
	done <<<"$2"
}
for table in $(sqlite3 "$db" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"); do
	echo "--- without $table"
	try "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE $table RENAME TO lost" "$reading"
	echo "--- $table is full"
	try "CREATE TRIGGER broken BEFORE INSERT ON $table BEGIN SELECT RAISE(ABORT, 'takes no more'); END" "$writing"
done
echo "--- without the texts of files"
try "PRAGMA foreign_keys = OFF; DELETE FROM blob" "$reading"
# doctor says it once, and its other checks of the mail host are skipped
for table in target push owned step; do
	rm -rf "$ROOT" && cp -a whole "$ROOT"
	sqlite3 "$db" "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE $table RENAME TO lost"
	echo "--- doctor without $table"
	m doctor server overrides permissions keys
done
