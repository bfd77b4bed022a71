# Which domains of main.cf SRS would rewrite because the database does not have them.
policyd=$ROOT$("$PROGRAM" --root "$ROOT" mta status 2>&1 | grep -o '/[^ ]*/mailauth-policyd' | head -1)
[ "$policyd" != "$ROOT" ] || policyd=$ROOT/usr/local/libexec/mailauthctl/mailauth-policyd
mkdir -p "$ROOT"/{etc/postfix,etc/default,var/spool/postfix,etc/dkimkeys} "${policyd%/*}"
: >"$policyd"
: >"$ROOT/etc/default/postsrsd"
printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
printf '%s\n' 'Syslog yes' >"$ROOT/etc/opendkim.conf"
printf '%s\n' root:x:0:0:::/bin/sh nobody:x:65534:65534::: opendkim:x:105:109::: postfix:x:107:111::: >"$ROOT/etc/passwd"
printf '%s\n' root:x:0: opendkim:x:109: postfix:x:111: >"$ROOT/etc/group"
# lines of main.cf: what the plan says of domains
say() {
	printf '%s\n' 'myhostname = mx.example.net' "$@" >"$ROOT/etc/postfix/main.cf"
	"$PROGRAM" --root "$ROOT" --dry-run mta adopt 2>&1 | grep -E '^(note|mailauthctl): .*(lists|accept)'
}
here='mydestination = localhost, localhost.localdomain, localhost.example.net, $myhostname, srs.example.net'
m --quiet server set mta.hostname mx.example.net dkim.algorithm ed25519
m --quiet server set srs.enabled on srs.domain srs.example.net
echo "--- what is this server's own: its name, the SRS domain, localhost"
say "$here"
echo "--- one, in two lists"
say "$here" 'virtual_mailbox_domains = A.example' 'virtual_alias_domains = a.example'
echo "--- relayed mail is others'"
say "$here" 'relay_domains = a.example'
echo "--- ten, and eleven"
names='b1.example b2.example b3.example b4.example b5.example b6.example b7.example b8.example b9.example b10.example'
say "$here" "virtual_alias_domains = $names"
say "$here" "virtual_alias_domains = $names, b11.example, b12.example"
echo "--- in the database, or left out: by name, and what is below"
m --quiet domain add a.example
m --quiet server set srs.exclude-domains b.example,.c.example
say "$here" 'virtual_mailbox_domains = a.example b.example c.example x.c.example x.b.example xc.example'
echo "--- a table, and a file of patterns"
printf '%s\n' 'd.example' '# e.example' '/f.example/' >"$ROOT/etc/postfix/domains"
say "$here" 'virtual_mailbox_domains = /etc/postfix/domains, hash:/x'
echo "--- an SRS domain that main.cf does not have; SRS off"
say 'mydestination = localhost'
m --quiet server set srs.enabled off
say "$here" 'virtual_mailbox_domains = z.example'
