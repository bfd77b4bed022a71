#!/bin/bash
# Each command, with each step of each of its statements failing, one at a time: it ends with status 1,
# says why, and leaves the database as it was.
#
#   tests/faults/store_sweep.sh [PROGRAM]       (default: build/release/mailauthctl)
#
# SWEEP_STEP=N: of each command every step up to 20, and above that every N/20th.  SWEEP_ONLY="domain add": such
# commands alone.  Ends 0: nothing found, 1: findings (each is one line).
set -u

program=$(realpath "${1:-build/release/mailauthctl}")
fail=$(dirname "$program")/tests/lib/fail_store.so
step=$((${SWEEP_STEP:-1} / 20))
[ $step -gt 0 ] || step=1
work=$(mktemp -d "${TMPDIR:-/var/tmp}/store_sweep.XXXXXX") || exit 1
export FAIL_AT FAIL_NOTE
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

if grep -qaE '__(asan|tsan)_init' "$program"; then
	echo "the sanitizers must be loaded first"
	exit 77
fi
[ -e "$fail" ] || { echo "no $fail"; exit 1; }

finding() { echo "FOUND: $*" | tee -a "$work/findings"; }
ctl() { "$program" --root "$work/root" "$@"; }
db=root/var/lib/mailauthctl/mailauthctl.db
# No page was written.
is_unchanged() { cmp -s $db "$work/kept/${db#root/}" && ! [ -s $db-wal ]; }

# What is done in several transactions, or follows one, says what was saved.
is_saved() { # words...
	grep -qE '^mailauthctl: saved|the change is saved' err || [[ "$1 $2" =~ ^(domain (en|dis)able-dkim|key rotate|zone export)$ ]]
}
# An overview says it in one of its lines; advice about a setting, and what only a page has, is left out.
is_left_out() { # words...
	grep -q 'the database failed' out || [ "$1 $2" = "domain show" ] ||
		{ [[ "$1 $2" =~ ^(server\ (un)?set|domain\ (un)?set|config\ import|audit\ undo)$ ]] && grep -q '^mailauthctl: saved' err; }
}

make_host() {
	mkdir -p "$work"/root/{var/lib,etc/postfix,var/spool/postfix,etc/dkimkeys}
	cd "$work" || return
	echo 'myhostname = mx.example.net' >root/etc/postfix/main.cf
	echo 'smtp inet n - y - - smtpd' >root/etc/postfix/master.cf
	echo 'Syslog yes' >root/etc/opendkim.conf
	echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
	echo 'root:x:0:' >root/etc/group
	openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
	{
		ctl server set mta.hostname mx.example.net dkim.algorithm ed25519
		ctl domain add a.example b.example c.example
		ctl domain add --alias-of a.example alias.example
		ctl domain enable-dkim a.example
		ctl record add a.example www A 192.0.2.1
		ctl template add mail A 192.0.2.2
		ctl template apply --all
		ctl template add mail A 192.0.2.3
		ctl record set a.example t1 'v=spf1 -all'
		ctl domain set b.example dns.ttl 120
		ctl domain suspend b.example
		ctl zone export --all
		ctl config export whole.yaml
		sed 's/192.0.2.1/192.0.2.9/' whole.yaml >other.yaml
	} >made 2>&1
}

# Runs one command, with the step that is to fail.  False: it does not come so far.
run() { # step, words...
	FAIL_AT=$1 FAIL_NOTE=note
	shift
	rm -rf root note
	cp -a "$work/kept" root
	status=0
	LD_PRELOAD=$fail timeout 60 "$program" --root "$PWD/root" "$@" >out 2>err </dev/null || status=$?
	[ -e note ]
}

sweep() { # words...
	local at=1 folder
	folder=$(mktemp -d "$work/sweep.XXXXXX") && cd "$folder" || return
	cp ../key.pem ../other.yaml .
	while run $at "$@"; do
		if [ $status = 0 ] && is_left_out "$@"; then
			:
		elif [ $status != 1 ]; then
			finding "\"$*\": step $at fails, exit status $status: $(tail -1 err)"
		elif ! [ -s err ]; then
			finding "\"$*\": step $at fails, and nothing is said"
		elif ! is_unchanged && ! is_saved "$@"; then
			finding "\"$*\": step $at fails, and the database is another one: $(tail -1 err)"
		fi
		[ $at -lt 20 ] && at=$((at + 1)) || at=$((at + step))
	done
	[ $at -gt 1 ] || finding "\"$*\" does nothing with the database"
	case $status in
	0 | 3) ;;
	*) finding "\"$*\" itself ends with $status: $(tail -1 err)" ;;
	esac
}

make_host || exit 1
[ -s $db ] || { cat made; exit 1; }
mv root kept
words=()
while read -r line; do
	[[ $line == "${SWEEP_ONLY:-}"* ]] || continue
	eval "words=($line)"
	while [ "$(jobs -pr | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	(sweep "${words[@]}") &
done <<'COMMANDS'
server set dns.ttl 60
server unset dkim.algorithm
server get dns.ttl
server list
domain add e.example
domain add --alias-of a.example d.example
domain list
domain show a.example
domain set a.example dns.ttl 60 dns.service external
domain unset b.example dns.ttl
domain get a.example dns.ttl
domain enable-dkim c.example
key rotate a.example
key rotate --due
key revoke a.example default --yes
domain disable-dkim a.example
domain disable-dkim a.example --now
domain suspend a.example
domain resume b.example
domain rename a.example new.example
domain remove alias.example
key list
key show a.example
key export a.example
key import b.example s1 --private key.pem
template list
template add www CNAME '<domain>.'
template set t1 'v=spf1 ~all'
template remove t1 --yes
template reset
template apply --all
template apply a.example
record list a.example
record add a.example mx MX '10 mail'
record remove a.example t2
record reset a.example t1
zone show a.example
zone export --all
zone export --all --as nsupdate
spf set a.example --add ip4:192.0.2.7
spf set a.example --reset
dmarc set a.example p=quarantine
config export -
config import other.yaml
config diff other.yaml
audit list
audit list --domain a.example --limit 3
audit show 2
audit undo 16
db backup copy.db
mta status
COMMANDS
wait
[ ! -s findings ]
