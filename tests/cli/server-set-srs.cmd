# The secret of SRS is never typed, never shown, and made at first use.
m server set srs.secret 0123456789abcdef0123456789abcdef
printf 'too short\n' | m server set srs.secret -
m server get srs.secret
printf '0123456789abcdef0123456789abcdef\n' | m server set srs.secret -
m server get srs.secret
m --json server get srs.secret
printf 'fedcba9876543210fedcba9876543210\n' | m server set srs.secret -
m --json audit show 2 | undated
m server unset srs.secret
m server get srs.secret
# made at first use; a domain is needed
m server set mta.backend directory mta.directory.path /r dkim.sign off dkim.verify off spf.check off
m server set srs.enabled on
printf '0123456789abcdef0123456789abcdef\n' | m server set srs.secret - srs.domain srs.example.com
m domain add example.com
m --dry-run server set srs.enabled on
m server set srs.enabled on srs.exclude-domains .example.org
cat "$ROOT/r/etc/mailauthctl/postsrsd.default" "$ROOT/r/etc/mailauthctl/postfix-main.cf"
cat "$ROOT/r/etc/postsrsd.secret"
stat -c '%a %n' "$ROOT/r/etc/postsrsd.secret" | sed "s,$ROOT,,"
m server set srs.secret generate
wc -l <"$ROOT/r/etc/postsrsd.secret"
m server unset srs.secret
m server set srs.enabled off
m server unset srs.secret
find "$ROOT/r" -name '*srs*'
