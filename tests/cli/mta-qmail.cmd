# qmail in a root: control files, key files and control/dkimkeys, from adoption to removal.
control=$ROOT/var/qmail/control
mkdir -p "$ROOT"/{etc,var/qmail/bin} "$control"
printf 'control/spfbehavior QMAILQUEUE ERROR_FD' >"$ROOT/var/qmail/bin/qmail-smtpd"
printf 'DKIMSIGNEXTRA ed25519' >"$ROOT/var/qmail/bin/qmail-dkim"
: >"$ROOT/var/qmail/bin/spawn-filter"
echo mx.example.com >"$control/me"
printf '%s\n' '# by hand' 'admin.example:/k/s0:' 'b.example:/k/s0:' >"$control/dkimkeys"
echo '3 # by hand' >"$control/spfbehavior"
state() { (cd "$ROOT/var/qmail" && find . -type f -exec sha256sum {} + | sort -k2); }
before=$(state)
echo "--- what it can do"
m mta backends | grep -E 'Backend|^\$|qmail'
echo "--- the files of two domains, one with both algorithms"
m --quiet domain add a.example b.example
m --quiet domain set a.example dkim.algorithm both
m --quiet domain enable-dkim a.example b.example --sign-now 2>&1 | grep -v warning
m --quiet mta adopt --yes 2>&1 | sed "s#/[a-z/]*/libexec#LIBEXEC#g"
sed "s#$ROOT##" "$control/dkimkeys"
cat "$control/spfbehavior"
(cd "$control" && find domainkeys -printf '%M %p\n' | sort -k2)
grep -E 'hostname|dkim-verify' "$ROOT/etc/mailauthctl/policyd.yaml"
echo "--- a hook without DKIMSIGN would fail for each domain that has a line: there is none"
echo '*:remote:/var/qmail/bin/qmail-dkim:ERROR_FD=2,DKIMQUEUE=/bin/cat' >"$control/filterargs"
m --quiet mta push 2>&1 | grep -E 'DKIMSIGN|strangers'
cat "$control/dkimkeys"
echo '*:remote:/var/qmail/bin/qmail-dkim:DKIMQUEUE=/bin/cat,DKIMSIGN=/var/qmail/control/domainkeys/%/default' >"$control/filterargs"
m --quiet mta push 2>&1 | grep -E 'DKIMSIGN|strangers'
grep -c DKIMSIGNOPTIONS "$control/dkimkeys"
rm "$control/filterargs"
echo "--- a domain that signs no more loses its line and its key files"
m --quiet domain disable-dkim a.example --now 2>&1 | grep -v warning
grep -c DKIMSIGNOPTIONS "$control/dkimkeys"
(cd "$control" && find domainkeys -type f)
echo "--- values that it does not have"
m server set spf.guess-scope most-permissive
m server set srs.enabled on
echo "--- SRS, where the patch is"
printf 'control/srs_domain' >"$ROOT/var/qmail/bin/srsfilter"
echo example.com >"$control/rcpthosts"
m server set srs.domain srs.example.com srs.enabled on
cat "$control/srs_domain"
stat -c %a "$control/srs_secrets"
m --quiet server set srs.enabled off
wc -c <"$control/srs_domain"
rm "$ROOT/var/qmail/bin/srsfilter" "$control/rcpthosts"
echo "--- all of it goes"
m --quiet mta push --remove --yes 2>&1 | grep -v root
[ "$(state)" = "$before" ] && echo "as it was"
