m db check
m server set spf.mode 3
m db check
m --json db check
printf 'garbage' | dd of="$ROOT/var/lib/mailauthctl/mailauthctl.db" bs=1 seek=100 conv=notrunc status=none
m db check
rm "$ROOT/var/lib/mailauthctl/mailauthctl.db"
m server set mta.backend directory
m mta adopt --yes
echo garbage >"$ROOT/var/lib/mailauthctl/target.db"
m db check
m mta status
m doctor database
mv "$ROOT/var/lib/mailauthctl/target.db" "$ROOT/var/lib/mailauthctl/target.db.damaged"
m mta adopt --yes
m db check
