# Programs that sign besides the filter that is replaced: an adoption is refused where a domain that is enabled
# here would be signed twice, and a note elsewhere.
mkdir -p "$ROOT"/{etc/postfix,etc/amavis/conf.d,var/spool/postfix,etc/dkimkeys}
printf '%s\n' 'myhostname = mx.example.net' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
printf '%s\n' 'Syslog yes' >"$ROOT/etc/opendkim.conf"
printf '%s\n' root:x:0:0:::/bin/sh opendkim:x:105:109::: postfix:x:107:111::: >"$ROOT/etc/passwd"
printf '%s\n' root:x:0: opendkim:x:109: postfix:x:111: >"$ROOT/etc/group"
m --quiet server set mta.hostname mx.example.net dkim.algorithm ed25519 spf.check off
m --quiet domain add a.example b.example c.example
m --quiet --no-push domain enable-dkim a.example
signs() { # domains of amavis
	echo '$enable_dkim_signing = 1;' >"$ROOT/etc/amavis/conf.d/50-user"
	printf "dkim_key('%s', 's', '/k/x');\n" "$@" >>"$ROOT/etc/amavis/conf.d/50-user"
	"$PROGRAM" --root "$ROOT" --dry-run mta adopt 2>&1 | grep -E 'sign(s|ed) '
	"$PROGRAM" --root "$ROOT" --dry-run mta adopt --replace-filter 2>&1 | grep -E 'sign(s|ed) '
}
echo "--- the enabled domain, first and last"
signs a.example
signs b.example a.example
echo "--- others"
signs b.example z.example
echo "--- more than a sentence names"
signs b.example c.example d.example e.example f.example g.example h.example
echo "--- nobody is enabled"
m --quiet --no-push domain disable-dkim a.example --now
signs a.example
