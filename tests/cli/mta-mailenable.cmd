# MailEnable: reports for its administrator, and a copy of its configuration, which is only read.
folder=$ROOT/var/lib/mailauthctl/rendered
mkdir -p "$ROOT"/{etc,copy}
sys() { # selector sign
	printf '<BASEELEMENT><ELEMENT><TYPE>Options</TYPE><ACTIVESELECTOR>%s</ACTIVESELECTOR><SIGN>%s</SIGN></ELEMENT></BASEELEMENT>\r\n' "$@"
}
m --quiet server set mta.hostname mx.example.com
echo "--- what each edition has"
m mta backends | grep -E 'Backend|^\$|mailenable'
echo "--- a report for each domain"
m server set mta.backend mailenable spf.mode reject-fail spf.local-rules ip4:192.0.2.7
m --quiet domain add example.com b.example
m --quiet domain enable-dkim example.com --sign-now 2>&1 | grep -v warning
unkeyed <"$folder/mailenable/example.com.txt"
grep -c . "$folder/mailenable/b.example.txt"
echo "--- the settings of the server are in all of them"
m --quiet server set spf.mode headers-only
grep -l 'Clear "Reject failures"' "$folder"/mailenable/* | sed "s#$ROOT##"
echo "--- a domain that is removed loses its report; an edited one is reported"
m --quiet domain remove b.example
(cd "$folder" && find . -type f)
echo edited >>"$folder/mailenable/example.com.txt"
m domain set example.com dns.ttl 300
m mta plan | unkeyed
m --quiet mta push --force
echo "--- what a copy of its configuration shows"
sys default 1 >"$ROOT/copy/DKIM-example.com.SYS"
sys default 1 >"$ROOT/copy/dkim-Other.Example.sys"
m --quiet server set mta.mailenable.config-dir /copy
m --json mta backends | grep -o '"mailenable.*"title.*"detected": "[^"]*"' | sed 's/"title.*"det/"det/'
m --json mta status | grep '"note":'
sys own 1 >"$ROOT/copy/DKIM-example.com.SYS"
m doctor overrides
rm -r "$ROOT/copy"
m --json mta status | grep '"note":'
m mta backends | grep -o 'no copy of its configuration'
echo "--- the Standard edition"
m server set mta.backend mailenable-standard
m --quiet server unset spf.mode spf.local-rules mta.mailenable.config-dir
m --quiet mta push --remove --yes
m --quiet server set mta.backend mailenable-standard
grep -E '9.16|SPF' "$folder/mailenable/example.com.txt"
m server set spf.mode reject-fail
echo "--- the directory backend has reports where there is a copy"
m --quiet mta push --remove --yes
[ -e "$folder" ] || echo "no file is left"
mkdir "$ROOT/copy"
m --quiet server set mta.backend directory
m --quiet server set mta.mailenable.config-dir /copy
m --quiet domain set example.com dns.ttl 600
(cd "$folder" && find mailenable -type f)
grep -c ' 600 IN TXT' "$folder/mailenable/example.com.txt"
m --quiet server unset mta.mailenable.config-dir
(cd "$folder" && find . -name '*.txt')
echo "--- all of it goes"
m --quiet mta push --remove --yes
[ -e "$folder" ] || echo "no file is left"
