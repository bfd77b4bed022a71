m db check
m server set spf.mode 3
m db check
m --json db check
printf 'garbage' | dd of="$ROOT/var/lib/mailauthctl/mailauthctl.db" bs=1 seek=100 conv=notrunc status=none
m db check
