# The part of the bench that pushes to real servers: run on the throw-away host of tests/e2e (see
# host there).  Prints the bench's lines.
# shellcheck shell=bash
set -eu
cd /e2e
# shellcheck source=tests/e2e/lib.sh
. ./lib.sh
# shellcheck source=tests/bench/line.sh
. ./line.sh
# shellcheck source=tests/bench/many.sh
. ./many.sh
scale=$(cat scale)
many=$(awk -v s="$scale" 'BEGIN { printf "%d", 100000 * s }')
install -D -m 0755 mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
# shellcheck source=tests/e2e/setup.sh
. ./setup.sh
socket=unix:/var/spool/postfix/opendkim/opendkim.sock

quietly() { "$@" >>/tmp/bench.log 2>&1 || { tail -3 /tmp/bench.log; exit 1; }; }
timed() { ./usage "$@" 2>>/tmp/bench.log || { tail -3 /tmp/bench.log >&2; exit 1; }; }
median() { sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }

# ---- from `server set` to the running server using it ----------------------------------------------

quietly mailauthctl mta adopt --yes
quietly mailauthctl server set mta.hostname mx.example.test
quietly mailauthctl domain enable-dkim first.example

# What an administrator would do by hand, and wait for.
cat >by_hand <<'SCRIPT'
#!/bin/bash
set -eu
if [ "$1" = postfix ]; then
	postfix reload
	exec 3<>/dev/tcp/127.0.0.1/25
	read -r line <&3
	printf 'EHLO localhost\r\n' >&3
	read -r line <&3
	printf 'QUIT\r\n' >&3
elif [ "$1" = opendkim ]; then
	kill -USR1 "$(cat /run/opendkim/opendkim.pid)"
	./milter_time 1 '' "$2"
fi
SCRIPT
chmod +x by_hand
for row in "spf.mode reject-fail headers-only none" "dkim.verify off on opendkim" \
	"spf.check off on postfix"; do
	read -r setting one other servers <<<"$row"
	: >ours; : >theirs
	for _ in 1 2 3; do
		for value in "$one" "$other"; do
			timed mailauthctl server set "$setting" "$value" >>ours
			timed ./by_hand "$servers" "$socket" >>theirs
		done
	done
	mine=$(median <ours) hand=$(median <theirs)
	over=$(awk -v a="$mine" -v b="$hand" 'BEGIN { printf "%.3f", a - b }')
	line "server set $setting, over $servers reloaded by hand" \
		"$(milli "$over") ($(milli "$mine") - $(milli "$hand"))" "at most 1 s" \
		"$(holds "$over" '<=' 1)"
done

# ---- one changed among very many -------------------------------------------------------------------

many_names "$many" >names
quietly mailauthctl domain add --domains-from names
quietly many_signing /var/lib/mailauthctl/mailauthctl.db mailauthctl
many_line "mta push, $many new keys, real servers" "$(timed mailauthctl mta push)" ""
many_changes "$many" "real servers" timed mailauthctl
many_line "mta push, $many looked at, real servers" "$(timed mailauthctl mta push)" memory

# ---- signing beside very many ----------------------------------------------------------------------

# The same filter with the tables of one domain.
name=$(many_names "$many" | sed -n "$((many / 2 + 1))p")
mkdir -p one
for table in KeyTable SigningTable; do
	grep -F "$name" /etc/mailauthctl/opendkim/$table >one/$table
done
cp /etc/mailauthctl/opendkim/InternalHosts one
{
	grep -vE '^(Include|PidFile|Socket)' /etc/opendkim.conf
	sed -e 's#/etc/mailauthctl/opendkim/#/e2e/one/#' -e '/^Socket/d' /etc/mailauthctl/opendkim.conf
	printf 'PidFile /run/opendkim/one.pid\nSocket local:/run/opendkim/one.sock\n'
} >one/opendkim.conf
chmod -R a+rX one
quietly opendkim -x /e2e/one/opendkim.conf
wait_for test -S /run/opendkim/one.sock
# The best of many rounds for each: other load only ever adds.
count=$(awk -v s="$scale" 'BEGIN { printf "%d", 25 * s + 10 }')
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "/run/opendkim/$1.pid")/stat"; }
before_many=$(ticks opendkim) before_one=$(ticks one)
for _ in {1..20}; do
	./milter_time "$count" "$name" $socket unix:/run/opendkim/one.sock
done >signing.times
cpu_many=$(($(ticks opendkim) - before_many)) cpu_one=$(($(ticks one) - before_one))
beside=$(cut -d' ' -f1 signing.times | sort -n | head -1)
alone=$(cut -d' ' -f2 signing.times | sort -n | head -1)
line "signing a message beside $many domains / with one" \
	"+$(awk -v a="$beside" -v b="$alone" 'BEGIN { printf "%.2f ms (%.2f / %.2f ms)", (a - b) / 1000, a / 1000, b / 1000 }')" \
	"below 5 ms more" "$(holds "$(awk -v a="$beside" -v b="$alone" 'BEGIN { print a - b }')" '<=' 4999)"
# Whatever else runs: what the filter itself takes, in ticks of 10 ms over all rounds.
awk -v a="$cpu_many" -v b="$cpu_one" -v n="$((20 * count))" \
	'BEGIN { printf "%.2f %.2f %.2f\n", 10 * (a - b) / n, 10 * a / n, 10 * b / n }' >signing.cpu
read -r over beside alone <signing.cpu
line "    processor time of OpenDKIM for it" "+$over ms ($beside / $alone ms)" \
	"below 5 ms more" "$(holds "$over" '<=' 4.99)"

# The same with Postfix in front: services that sign with all tables, with one domain's, and not at all.
service() { # port, milters
	quietly postconf -M "$1/inet=$1 inet n - n - - smtpd -o smtpd_milters=$2 -o content_filter=discard:"
}
service 2525 unix:/var/spool/postfix/opendkim/opendkim.sock
service 2526 unix:/run/opendkim/one.sock
service 2527 ''
chmod a+rx /run/opendkim
chmod a+rw /run/opendkim/one.sock
quietly postfix reload
for port in 2525 2526 2527; do
	wait_for swaks --server "127.0.0.1:$port" --quit-after EHLO
done
best() { cut -d' ' -f"$1" smtp.times | sort -n | head -1; }
for run in 1 2 3; do
	for _ in {1..20}; do
		python3 smtp_time.py "$count" "user@$name" 2525 2526 2527
	done >smtp.times
	beside=$(best 1) alone=$(best 2) unsigned=$(best 3)
	line "a message through Postfix, signed beside $many domains / not signed, run $run" \
		"+$(awk -v a="$beside" -v b="$unsigned" -v c="$alone" 'BEGIN { printf "%.2f ms (%.2f / %.2f ms; one domain %.2f ms)",
			(a - b) / 1000, a / 1000, b / 1000, c / 1000 }')" \
		"below 5 ms more" "$(holds "$(awk -v a="$beside" -v b="$unsigned" 'BEGIN { print a - b }')" '<=' 4999)"
done
