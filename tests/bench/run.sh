#!/usr/bin/env bash
# The figures that this program is held to, each beside what a user would pick instead, measured in
# the same run: whole processes, median wall time.  Nothing leaves build/bench.  SPF is measured on
# the throw-away host of the end-to-end tests, where other people's checkers are (spf.sh); so are
# pushes, where real servers are (push.sh).
#
# usage: tests/bench/run.sh PROGRAM
# environment: BENCH_SCALE=0.1 for a quick look with a tenth of everything
set -eu
here=$(dirname "$(realpath "$0")")
cd "$here/../.."
program=$(realpath "$1")
build=$(dirname "$program")
scale=${BENCH_SCALE:-1}
work=$PWD/build/bench
rm -rf "$work"
mkdir -p "$work"
export LC_ALL=C.UTF-8 TZ=UTC
unset MAILAUTHCTL_DB SUDO_UID PKEXEC_UID DOAS_USER

median() { "$here/median.pl" "$@"; }
scaled() { awk -v n="$1" -v s="$scale" 'BEGIN { printf "%d", n * s }'; }
at() { # root, words of the program...
	local root=$work/$1
	shift
	"$program" --root "$root" "$@"
}
. "$here/line.sh"
. "$here/many.sh"
names() { many_names "$1"; }
line what measured wanted holds

# ---- short commands beside 100,000 domains --------------------------------------------------------

many=$(scaled 100000)
mkdir -p "$work/many" "$work/zones" "$work/keys" "$work/push"
start=$(date +%s.%N)
names "$many" | at many domain add --domains-from - >/dev/null 2>&1
line "domain add of $many domains at once" \
	"$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f s", b - a }')" "" ""
db=$work/many/var/lib/mailauthctl/mailauthctl.db
middle=$(names "$many" | sed -n "$((many / 2))p")
base=$(median 31 sqlite3 "$db" 'select 1')
for row in "2.5 server get spf.mode" "3 domain show $middle"; do
	read -r most words <<<"$row"
	# shellcheck disable=SC2086 # words
	took=$(median 31 "$program" --root "$work/many" $words)
	r=$(ratio "$took" "$base")
	line "${words% d0*} / sqlite3 db 'select 1'" "$r ($(milli "$took") / $(milli "$base"))" \
		"at most $most" "$(holds "$r" '<=' "$most")"
done

# What is asked at every press of the tab key: a name by its first letters, and all of them.
for typed in "${middle:0:5}" ''; do
	took=$(median 31 "$program" --root "$work/many" __complete zsh 3 mailauthctl domain show "$typed")
	rival=$(median 31 sqlite3 "$db" "select name from domain where name >= '$typed' and
		name < '$typed' || char(1114111) order by name limit 1000")
	r=$(ratio "$took" "$rival")
	line "completion of \"domain show $typed\", $many domains / sqlite3 select" \
		"$r ($(milli "$took") / $(milli "$rival"))" "at most 50 ms" "$(holds "$took" '<=' 0.05)"
done

# ---- zone export of 10,000 domains ----------------------------------------------------------------

zones=$(scaled 10000)
at zones server set mta.hostname mx.bench.example dkim.algorithm ed25519 >/dev/null 2>&1
names "$zones" | at zones domain add --domains-from - >/dev/null 2>&1
at zones domain enable-dkim --all >/dev/null 2>&1
at zones zone export --all >/dev/null 2>&1
folder=$work/zones/var/lib/mailauthctl/zones
idle=$(median 9 "$program" --root "$work/zones" zone export --all)
line "zone export --all, $zones domains, nothing changed" "$(milli "$idle")" "at most 100 ms" \
	"$(holds "$idle" '<=' 0.1)"

stamps() { find "$folder" -type f -printf '%f %i %T@\n' | sort; }
stamps >"$work/before"
at zones record set "$(names "$zones" | tail -1)" t2 'v=DMARC1; p=reject' >/dev/null 2>&1
one=$(median 1 "$program" --root "$work/zones" zone export --all)
stamps | diff "$work/before" - | grep -c '^>' >"$work/written" || true
line "zone export --all, one changed" "$(milli "$one"), $(cat "$work/written") file written" \
	"1 file" "$([ "$(cat "$work/written")" = 1 ] && echo yes || echo NO)"

at zones template set t2 'v=DMARC1; p=quarantine' >/dev/null 2>&1
at zones template apply --all >/dev/null 2>&1
all=$(median 1 "$program" --root "$work/zones" zone export --all)
{
	printf '$TTL 3600\nbench.example. SOA ns.bench.example. hostmaster.bench.example. 1 3600 600 86400 60\n'
	printf 'bench.example. NS ns.bench.example.\nns.bench.example. A 192.0.2.1\n'
	find "$folder" -name '*.zone' -exec cat {} +
} >"$work/one.zone"
compile=$(median 5 named-compilezone -q -o "$work/one.out" bench.example "$work/one.zone")
r=$(ratio "$all" "$compile")
line "zone export --all, all changed / named-compilezone" "$r ($(milli "$all") / $(milli "$compile"))" \
	"at most 2.5" "$(holds "$r" '<=' 2.5)"

# ---- keys for 400 domains -------------------------------------------------------------------------

keys=$(scaled 400)
at keys server set mta.hostname mx.bench.example >/dev/null 2>&1
names "$keys" | at keys domain add --domains-from - >/dev/null 2>&1
ours=$(median 1 "$program" --root "$work/keys" domain enable-dkim --all)
mkdir "$work/pem"
theirs=$(median 1 sh -c "seq $keys | xargs -P $(nproc) -I N openssl genpkey -algorithm RSA \
	-pkeyopt rsa_keygen_bits:2048 -out $work/pem/N.pem 2>/dev/null")
r=$(awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "%.0f", 100 * a / b }')
line "enable-dkim of $keys, RSA-2048 / openssl genpkey on $(nproc) cores" \
	"$r% ($(awk -v n="$keys" -v a="$ours" -v b="$theirs" \
		'BEGIN { printf "%.1f / %.1f keys a second", n / a, n / b }'))" \
	"at least 90%" "$(holds "$r" '>=' 90)"

# ---- a push with nothing to do --------------------------------------------------------------------

# Everything that a process changes on the host, or starts: outside the tool's own folder.
foreign_acts() { # strace's output
	grep -E 'O_WRONLY|O_RDWR|O_CREAT|rename|unlink|link\(|linkat|mkdir|chmod|chown|truncate|kill\(|execve|setxattr|utimens|connect\(' "$1" |
		grep -vE '= -1 E|/var/lib/mailauthctl/|/dev/(null|tty)|\[vfork|resumed>' | sed 1d
}
trace() { # root, what it is
	at "$1" mta push >/dev/null 2>&1
	strace -f -y -o "$work/$1.strace" \
		-e trace=%file,%process,%signal,openat,openat2,fchmod,fchown,ftruncate,connect \
		"$program" --root "$work/$1" mta push >/dev/null 2>&1
	foreign_acts "$work/$1.strace" >"$work/$1.acts" || true
	line "mta push, nothing changed, $2: acts outside own state" \
		"$(wc -l <"$work/$1.acts")" "0" \
		"$([ ! -s "$work/$1.acts" ] && echo yes || echo NO)"
	sed 's/^/    /' "$work/$1.acts"
}
mkdir -p "$work/push/etc/postfix"
printf 'myhostname = mx.bench.example\nmynetworks = 127.0.0.0/8\n' >"$work/push/etc/postfix/main.cf"
printf 'smtp inet n - y - - smtpd\n' >"$work/push/etc/postfix/master.cf"
printf 'Socket local:/run/opendkim/opendkim.sock\nUserID opendkim\n' >"$work/push/etc/opendkim.conf"
grep -E '^(root|postfix|opendkim):' /etc/passwd >"$work/push/etc/passwd" || true
mkdir -p "$work/directory"
at directory server set mta.backend directory mta.hostname mx.bench.example >/dev/null 2>&1
for root in directory push; do
	names 20 | at $root domain enable-dkim --domains-from - >/dev/null 2>&1
	[ $root != push ] || at push mta adopt --yes >/dev/null 2>&1 || echo "    adopt failed"
done
trace directory "directory backend"
trace push "Postfix below a root"
rm -rf "$work/zones" "$work/pem"

# ---- a push after one of very many domains changed ------------------------------------------------

cd "$work"
cp -r push/etc many
rm -rf many/etc/mailauthctl many/etc/dkimkeys
timed() { "$build/tests/bench/usage" "$program" --root "$work/many" "$@" 2>>many.log; }
at many server set mta.hostname mx.bench.example >/dev/null 2>&1
many_signing "$db" at many >/dev/null 2>&1
many_line "mta adopt, $many new keys, below a root" "$(timed mta adopt --yes)" memory 120
many_changes "$many" "below a root" timed
many_line "mta push, $many looked at, below a root" "$(timed mta push)" 6
many_line "mta status beside $many domains, below a root" "$(timed mta status)" 0.1

# ---- the configuration of very many domains --------------------------------------------------------

mkdir -p plain full
many_line "config export, $many domains" "$(timed config export many.yaml)" memory
many_line "config diff, $many domains, nothing different" "$(timed config diff --prune many.yaml)" ""
# without DKIM: to make the keys takes hours
sed 's/dkim.sign: on/dkim.rsa-bits: 1024/' many.yaml >plain.yaml
import_into() { # folder, document
	"$build/tests/bench/usage" "$program" --root "$work/$1" config import "$2" 2>>many.log
}
many_line "config import of $many domains, empty database" "$(import_into plain plain.yaml)" ""
# whole zones are exported for domains with a zone of their own: there is none
sed 's/^server:/&\n  zone.format: full/' plain.yaml >full.yaml
many_line "    without zone files" "$(import_into full full.yaml)" 5
rm -rf plain full many.yaml plain.yaml full.yaml
cd - >/dev/null
rm -rf "$work/many"

# ---- pushes to real servers -----------------------------------------------------------------------

mkdir "$work/host"
cp "$here/push.sh" "$here/line.sh" "$here/many.sh" "$here/smtp_time.py" "$here/../e2e/lib.sh" "$here/../e2e/setup.sh" \
	"$here/../lib/tap.sh" "$build/mailauth-policyd" "$build/tests/bench/usage" \
	"$build/tests/bench/milter_time" "$work/host"
echo "$scale" >"$work/host/scale"
"$here/../e2e/host" "$program" "$work/host" push.sh || echo "pushes to real servers were not measured"

# ---- SPF ------------------------------------------------------------------------------------------

mkdir "$work/spf"
cp "$here/spf.sh" "$here/line.sh" "$here/libspf2_time.c" "$here/median.h" "$here/../e2e/lib.sh" "$here/../lib/tap.sh" \
	"$build/mailauth-policyd" "$build/tests/lib/dnsd" "$build/tests/lib/spf_ask" \
	"$build/tests/bench/dns_time" "$build/tests/bench/policy_time" "$work/spf"
echo "$scale" >"$work/spf/scale"
"$here/../e2e/host" "$program" "$work/spf" spf.sh || echo "SPF was not measured"

# ---- incoming mail --------------------------------------------------------------------------------

mkdir "$work/verify"
cp "$here/verify.sh" "$here/verify_time.py" "$here/line.sh" "$here/../e2e/lib.sh" "$here/../lib/tap.sh" \
	"$here/../policyd/milter.pl" "$here/../policyd/sign.pl" "$build/mailauth-policyd" "$build/tests/lib/dnsd" "$work/verify"
echo "$scale" >"$work/verify/scale"
"$here/../e2e/host" "$program" "$work/verify" verify.sh || echo "verification was not measured"
