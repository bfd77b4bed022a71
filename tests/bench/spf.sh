# The part of the bench that needs other people's SPF checkers: run on the throw-away host of
# tests/e2e (see host there).  Prints the bench's lines.
# shellcheck shell=bash
set -eu
cd /e2e
# shellcheck source=tests/e2e/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/line.sh
. ./line.sh
scale=$(cat scale)

mkdir -p /srv/zones
{
	# shellcheck disable=SC2016 # a zone file's word
	printf '$ORIGIN bench.test.\n$TTL 3600\n'
	printf '@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n'
	# Look-ups as RFC 7208 4.6.4 counts them: the record itself is not one.
	printf 'none TXT "v=spf1 ip4:192.0.2.1 -all"\n'
	printf 'one TXT "v=spf1 a:host.bench.test -all"\nhost A 192.0.2.1\n'
	printf 'ten TXT "v=spf1 %s ip4:192.0.2.1 -all"\n' "$(seq -f 'include:i%g.bench.test' -s ' ' 10)"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		printf 'i%s TXT "v=spf1 ip4:203.0.113.%s -all"\n' $i $i
	done
} >/srv/zones/bench.test.zone
grep TXT /srv/zones/bench.test.zone | sed -E 's/^([a-z0-9]+) TXT /\1.bench.test TXT /' >table
start_nsd
cc -O2 -o libspf2_time libspf2_time.c -lspf2

printf 'version: 1\nhostname: mx.example.test\n' >policyd.yaml
chmod -R a+rX .
ours=(./mailauth-policyd --config policyd.yaml)
# As Debian sets it up, it asks for the HELO name too, as ours does for the null sender only; what
# it does without that is told beside.
conf=/etc/postfix-policyd-spf-python/policyd-spf.conf
cp "$conf" usual.conf
python=(/usr/bin/policyd-spf)
perl=(/usr/sbin/postfix-policyd-spf-perl)
client=192.0.2.1

# "WALL CPU PRIVATE WORST ANSWER" of the best of three rounds: other load only ever adds.
policy() { # count, sender, program...
	local count sender=$2
	count=$(awk -v n="$1" -v s="$scale" 'BEGIN { n *= s; printf "%d", n < 1 ? 1 : n }')
	shift 2
	for _ in 1 2 3; do ./policy_time "$count" $client "$sender" "$@"; done | sort -n | head -1
}
field() { awk -v n="$2" '{ print $n }' <<<"$1"; }
a_second() { awk -v us="$1" 'BEGIN { printf "%d", 1e6 / us }'; }

for sender in one ten; do
	mine=$(policy 3000 a@$sender.bench.test "${ours[@]}")
	py=$(policy 200 a@$sender.bench.test "${python[@]}")
	pl=$(policy 200 a@$sender.bench.test "${perl[@]}")
	sed -i 's/^HELO_reject.*/HELO_reject = No_Check/' "$conf"
	less=$(policy 200 "a@$sender.bench.test" "${python[@]}")
	cp usual.conf "$conf"
	for answer in "$mine" "$py" "$pl" "$less"; do
		[[ $answer == *[Pp]ass* ]] || { echo "no pass: $answer"; exit 1; }
	done
	r=$(ratio "$(field "$py" 1)" "$(field "$mine" 1)")
	line "SPF policy service, $sender: policyd-spf-python / ours" \
		"$r ($(a_second "$(field "$py" 1)") / $(a_second "$(field "$mine" 1)") a second)" \
		"at least 10" "$(holds "$r" '>=' 10)"
	line "    without its HELO check" \
		"$(ratio "$(field "$less" 1)" "$(field "$mine" 1)") ($(a_second "$(field "$less" 1)") a second)" "" ""
	line "SPF policy service, $sender: policyd-spf-perl / ours" \
		"$(ratio "$(field "$pl" 1)" "$(field "$mine" 1)") ($(a_second "$(field "$pl" 1)") a second)" "" ""
done

# A processor for the name server, another for who asks it: beside each other on one, asking
# several questions at a time could not save anything.
place() { # processors of the name server, ours
	[ "$(nproc)" -gt 1 ] || return 0
	for process in $(pgrep nsd); do taskset -p "$1" "$process" >/dev/null; done
	taskset -p "$2" $$ >/dev/null
}
place 2 1
in_process() { # count, sender, program...
	local count sender=$2
	count=$(awk -v n="$1" -v s="$scale" 'BEGIN { n *= s; printf "%d", n < 1 ? 1 : n }')
	shift 2
	"$@" "$count" $client "$sender"
}
# A check against the DNS exchanges that it cannot do without: the same questions by hand, one after
# the other.  The service and who asks it share the other processor.
ten_questions=$(printf 'i%s.bench.test/TXT ' 1 2 3 4 5 6 7 8 9 10)
for row in "one:3000:1.3:host.bench.test/A" "ten:1000:1:$ten_questions"; do
	IFS=: read -r sender count wanted questions <<<"$row"
	for _ in 1 2 3; do
		# shellcheck disable=SC2086 # several words
		./dns_time "$count" 127.0.0.1 53 "$sender.bench.test/TXT" $questions >>"bare.$sender"
		policy "$count" "a@$sender.bench.test" "${ours[@]}" >>"check.$sender"
	done
	bare=$(sort -n "bare.$sender" | head -1) check=$(sort -n "check.$sender" | head -1)
	[[ $check == *[Pp]ass* ]] || { echo "no pass: $check"; exit 1; }
	r=$(ratio "$(field "$check" 1)" "$bare")
	line "SPF policy service, $sender: a check / its DNS exchanges alone" \
		"$r ($(field "$check" 1) / $bare us)" "at most $wanted" \
		"$(holds "$r" '<=' "$wanted")"
done
for row in none:20000: one:20000:1 ten:3000:3; do
	IFS=: read -r sender count wanted <<<"$row"
	for _ in 1 2 3; do
		in_process "$count" "a@$sender.bench.test" \
			./spf_ask --nameserver 127.0.0.1 --time >>"mine.$sender"
		in_process "$count" "a@$sender.bench.test" ./libspf2_time >>"theirs.$sender"
	done
	mine=$(sort -n "mine.$sender" | head -1) theirs=$(sort -n "theirs.$sender" | head -1)
	[[ $mine == *pass && $theirs == *pass ]] || { echo "no pass: $mine, $theirs"; exit 1; }
	r=$(ratio "${theirs% *}" "${mine% *}")
	line "SPF in process, $sender: libspf2 / ours" \
		"$r ($(a_second "${theirs% *}") / $(a_second "${mine% *}") a second)" \
		"${wanted:+at least $wanted}" "${wanted:+$(holds "$r" '>=' "$wanted")}"
done
place 3 3

# A sender without a domain that could be asked: all of the way but DNS.
mine=$(policy 20000 a@localhost "${ours[@]}")
line "SPF policy service: processor time, no DNS" "$(field "$mine" 2) us" "at most 40 us" \
	"$(holds "$(field "$mine" 2)" '<=' 40)"
mine=$(policy 3000 a@ten.bench.test "${ours[@]}")
line "SPF policy service: private memory when idle" "$(field "$mine" 3) KiB" "at most 4096 KiB" \
	"$(holds "$(field "$mine" 3)" '<=' 4096)"

./dnsd --address 192.0.2.9 --port 53 --delay 50 table >dnsd.address &
wait_for test -s dnsd.address
echo 'nameserver 192.0.2.9' >/etc/resolv.conf
mine=$(policy 10 a@ten.bench.test "${ours[@]}")
line "SPF, ten includes, answers after 50 ms" "$(milli "$(field "$mine" 1)e-6")" "at most 170 ms" \
	"$(holds "$(field "$mine" 1)" '<=' 170000)"
for other in python perl; do
	declare -n words=$other
	theirs=$(policy 2 a@ten.bench.test "${words[@]}")
	line "    policyd-spf-$other" "$(milli "$(field "$theirs" 1)e-6")" "" ""
done
