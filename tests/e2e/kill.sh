# Pushes that are killed at a rename, before a server is told, and when a rank is journalled: mail
# flows before anything recovers, as it was or as it is to be, and the next command recovers.
# With KILL_STEP=N in the environment of run.sh: at every N-th such point only; with KILL_CASES="plain":
# of those cases.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd

step=$(cat /e2e/kill.step)
: >/tmp/points
: >/tmp/deferred
# Where a push can be seen from outside to be half done: files, servers, ranks.
readonly calls=(renameat clone fdatasync)

# ---- what mail does ----------------------------------------------------------------------------------

# One message from each side: "incoming: 250 signed=- results=yes spf=pass".
mail_word() { # kind, command...
	local kind=$1 reply
	shift
	reply=$("$@" 2>&1) || { echo "$kind: $reply"; return; }
	echo "$kind: signed=$(signatures | paste -sd, | sed 's/.* s=//')" \
		"results=$(header Authentication-Results | grep -c '^mx.example.test')" \
		"spf=$(header Received-SPF | grep -oE '^[a-z]+')"
}
mails() {
	mail_word incoming deliver 192.0.2.5 user@sender.example.net
	mail_word submission deliver 127.0.0.1 user@example.com
	mail_word local deliver_local user@example.com
}

# Each line must be one that the old or the new state gives.
judge() { # what, old, new, got
	local line bad=
	while IFS= read -r line; do
		grep -qxF -- "$line" <<<"$2"$'\n'"$3" || bad+="$line; "
		case $line in *': not accepted: 4'*) echo "$1: $line" >>/tmp/deferred ;; esac
	done <<<"$4"
	[ -z "$bad" ] || echo "$1: $bad"
}

# ---- one change, killed at one point after the other ----------------------------------------------------

declare -A state=() # what mail does in each state that a case names

see() { state[$1]=$(mails); }

killed() { # call, n, words...
	local call=$1 n=$2
	shift 2
	strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" \
		mailauthctl "$@" >/tmp/killed 2>&1
}

# From one state to the other and back, killed on the way; the command that follows ends it.
between() { # from, to, forth (words), back (words)
	local from=$1 to=$2 call n status points=0 found="" is_back=""
	local -a forth back words
	read -ra forth <<<"$3"
	read -ra back <<<"$4"
	for call in "${calls[@]}"; do
		for ((n = 1 + points % step; ; n += step)); do
			words=("${forth[@]}")
			[ -z "$is_back" ] || words=("${back[@]}")
			status=0
			killed "$call" $n "${words[@]}" || status=$?
			[ $status = 137 ] || break
			points=$((points + 1))
			echo "${words[*]}, $call $n" >>/tmp/points
			found+=$(judge "${words[*]}, $call $n" "${state[$from]}" "${state[$to]}" "$(mails)")
			mailauthctl "${words[@]}" >/tmp/next 2>&1 ||
				found+="${words[*]}, $call $n: the next run fails: $(tail -1 /tmp/next); "
			if [ -z "$is_back" ]; then
				is_back=1
				[ "$(mails)" = "${state[$to]}" ] || found+="${words[*]}, $call $n: recovered, not $to; "
			else
				is_back=
				[ "$(mails)" = "${state[$from]}" ] || found+="${words[*]}, $call $n: recovered, not $from; "
			fi
		done
		# It ended by itself: to the other side, or on this one when it failed.
		[ $status = 0 ] || found+="${words[*]} ends with $status: $(tail -1 /tmp/killed); "
		if [ -z "$is_back" ]; then is_back=1; else is_back=; fi
	done
	[ -z "$is_back" ] || mailauthctl "${back[@]}" >/tmp/next 2>&1
	echo "$found"
}

# ---- a host with a domain that signs ---------------------------------------------------------------------

mailauthctl server set mta.hostname mx.example.test zone.format full zone.reload reload-zones dns.ttl 60 \
	dkim.algorithm ed25519 >/dev/null 2>&1
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null
mailauthctl domain add example.com >/dev/null 2>&1
sed -i 's/^@ NS ns$/&\n@ TXT "v=spf1 -all"/' /srv/zones/sender.example.net.zone
nsd-control reload >/dev/null

see plain
mailauthctl domain enable-dkim example.com >/dev/null 2>&1
ok "mta adopt" mailauthctl mta adopt --yes
see full
grep -H . <(echo "${state[plain]}") <(echo "${state[full]}") | sed 's/^[^:]*:/# /'
fails "the states differ" [ "${state[plain]}" = "${state[full]}" ]

unkilled() { mailauthctl "$@" >/tmp/unkilled 2>&1 || tail -1 /tmp/unkilled; }
case_of() { # name of the state, words that lead there and back
	unkilled $2
	see "$1"
	unkilled $3
	is "$2, and back" "$(between full "$1" "$2" "$3")" ""
}
for name in $(cat /e2e/kill.cases); do
	case $name in
	unverified) case_of $name "server set dkim.verify off" "server set dkim.verify on" ;;
	unchecked) case_of $name "server set spf.check off" "server set spf.check on" ;;
	strict) case_of $name "server set spf.mode reject-fail" "server set spf.mode headers-only" ;;
	unsigned) case_of $name "domain disable-dkim example.com --now" "domain enable-dkim example.com" ;;
	plain) case_of $name "mta push --remove --yes" "mta adopt --yes" ;;
	*) fails "no such case: $name" true ;;
	esac
done
ok "there were such points" test -s /tmp/points
echo "# $(wc -l </tmp/points) points, $(wc -l </tmp/deferred) messages deferred"
sort /tmp/deferred | uniq -c | sed 's/^/# /' | head -20
done_testing
