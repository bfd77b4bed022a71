# Every answer that is a list or an object, as a table, in JSON and in TSV, with something in each column.
setup() {
	m --quiet server set mta.hostname mx.example.com mta.backend directory dkim.algorithm ed25519 spf.mode reject-fail \
		mta.trusted-relays 198.51.100.3
	m --quiet template add mail A 192.0.2.25 --ttl 60
	m --quiet domain add example.com other.example
	m --quiet domain add --alias-of example.com alias.example
	m --quiet domain set other.example dns.service external dns.ttl 120
	m --quiet domain suspend other.example
	m --quiet domain enable-dkim --sign-now example.com
	m --quiet record add example.com www A 192.0.2.80 --ttl 300
	m --quiet record add example.com txt TXT "a \"quoted\" ; text"
	m --quiet record remove example.com 1
	m --quiet spf set example.com --add ip4:192.0.2.1
	m --quiet mta adopt --yes
	m --quiet zone export example.com
	m --quiet domain add last.example
}
setup >/dev/null
# Ids of keys, revisions and pushes vary with nothing; what does is taken out.
steady() { undated | unkeyed | sed -E 's/[0-9a-f]{40,}/DIGEST/g; s/"serial": [0-9]+/"serial": SERIAL/'; }
for row in 'server list' 'server get spf.mode' 'server describe spf.mode' 'server describe mta.trusted-relays' \
	'domain list' 'domain list o' 'domain list --alias-of example.com' \
	'domain show example.com' 'domain show alias.example' 'domain show other.example' 'domain show last.example' \
	'domain get other.example dns.ttl' 'domain get example.com dns.ttl' \
	'key list' 'key list example.com' 'key list last.example' 'key show example.com' \
	'template list' 'record list example.com' 'record list alias.example' 'record list other.example' \
	'mta status' 'mta backends' 'audit list --limit 5' \
	'audit list --domain other.example' 'audit list --setting dns.ttl' 'audit list --by nobody' 'audit show 1' \
	'audit show 9' 'db check'; do
	for format in table json tsv; do
		# shellcheck disable=SC2086 # words
		m --format $format $row | steady
	done
done
# records to paste
for format in table json tsv; do
	m --quiet domain resume other.example
	m --format $format domain enable-dkim other.example | steady
	m --quiet domain disable-dkim other.example
	m --quiet domain suspend other.example
done
# a result that cannot be written is no result
"$PROGRAM" --root "$ROOT" domain list >/dev/full
echo "exit $?"
"$PROGRAM" --root "$ROOT" --json key list >/dev/full
echo "exit $?"
