# On the throw-away host (see tests/e2e/host): NSD serves the zones of the cases, and each program
# answers them.  How each compares is a TAP test.
# shellcheck shell=bash
cd /e2e || exit 1
# shellcheck source=tests/e2e/lib.sh
. ./lib.sh
read -r seed count rows <settings
mkdir -p /srv
mv zones /srv/zones
start_nsd
# A zone without a file: SERVFAIL.
printf 'zone:\n name: broken.test\n zonefile: /nowhere\n' >>/etc/nsd/nsd.conf.d/own.conf
nsd-control reconfig >/dev/null
fails_to_answer() { drill x.broken.test @127.0.0.1 | grep -q 'rcode: SERVFAIL'; }
wait_for fails_to_answer || exit 1

spfquery_answers() {
	while read -r client sender helo; do
		echo "== "
		spfquery.libspf2 "-ip=$client" "-sender=$sender" "-helo=$helo" -name=mx.example.test 2>&1
	done
}
spfquery_answers <cases >libspf2 &
python3 pyspf_answers.py <cases >pyspf
./spf_ask --nameserver 127.0.0.1 <cases >ours
wait %2

for program in pyspf libspf2; do
	# shellcheck disable=SC2086 # rows may be nothing
	ok "$program: $count cases of seed $seed, every difference is one that is listed" \
		python3 compare.py $program ours $program cases records differences.tsv $rows
done
done_testing
