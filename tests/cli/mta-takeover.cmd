# An adoption that replaces a filter of the administrator's takes over the keys that sign.
mkdir -p "$ROOT"/{etc/postfix,var/spool/postfix,etc/dkimkeys,etc/opendkim,etc/keys}
printf '%s\n' 'myhostname = mx.example.net' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
printf '%s\n' root:x:0:0:::/bin/sh opendkim:x:105:109::: postfix:x:107:111::: >"$ROOT/etc/passwd"
printf '%s\n' root:x:0: opendkim:x:109: postfix:x:111: >"$ROOT/etc/group"
printf '%s\n' 'Syslog yes' "KeyTable /etc/opendkim/KeyTable" "SigningTable refile:/etc/opendkim/SigningTable" >"$ROOT/etc/opendkim.conf"
table() { # domain, selector, file
	printf '%s._domainkey.%s %s:%s:%s\n' "$2" "$1" "$1" "$2" "$3" >>"$ROOT/etc/opendkim/KeyTable"
}
for key in a b there idle; do make_key "$ROOT/etc/keys/$key"; done
table a.example s1 /etc/keys/a
table b.example s2 /etc/keys/b
table there.example s3 /etc/keys/there
table gone.example s4 /etc/keys/gone
table idle.example s5 /etc/keys/idle
for domain in a:s1 b:s2 there:s3 gone:s4; do
	echo "*@${domain%:*}.example ${domain#*:}._domainkey.${domain%:*}.example"
done >"$ROOT/etc/opendkim/SigningTable"
cp "$ROOT/etc/keys/there" there.pem
m --quiet server set mta.hostname mx.example.net zone.reload true spf.check off dkim.verify off
m --quiet domain add there.example b.example
m --quiet --no-push key import there.example s3 --private there.pem
m --dry-run mta adopt --replace-filter | grep '^!'
m key list | undated
m mta adopt
m mta adopt --replace-filter --yes
m key list | undated
cat "$ROOT/etc/mailauthctl/opendkim/SigningTable"
ls "$ROOT/var/lib/mailauthctl/zones"
m mta push --replace-filter
# more than are named
for i in $(seq 25); do
	table "m$i.example" s /etc/keys/none
	echo "*@m$i.example s._domainkey.m$i.example" >>"$ROOT/etc/opendkim/SigningTable"
done
m mta push --remove --yes 2>&1 | tail -2
m mta adopt --replace-filter --yes
