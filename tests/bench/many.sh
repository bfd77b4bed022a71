# Sourced by the scripts of the bench: a store with very many domains that sign.
# shellcheck shell=bash
many_names() { seq -f "d%06.0f.bench.example" "$1"; }

# The first of the domains is enabled by the program; the others get in the store what that one got,
# the key too: to make a key for each takes hours.
many_signing() { # database, the program with its options...
	local db=$1
	shift
	"$@" domain enable-dkim d000001.bench.example
	sqlite3 "$db" <<-'SQL'
		BEGIN;
		CREATE TEMP TABLE model AS SELECT k.*, p.pkcs8, n.exported, n.ready, d.name FROM dkim_key k
			JOIN dkim_private p ON p.id = k.private_id JOIN domain d ON d.id = k.domain_id
			JOIN key_public n ON n.key_id = k.id WHERE d.name = 'd000001.bench.example';
		CREATE TEMP TABLE other AS SELECT id, 1000000 + id AS key, name FROM domain
			WHERE name LIKE '%.bench.example' AND name <> (SELECT name FROM model);
		INSERT INTO dkim_private (id, pkcs8) SELECT o.key, m.pkcs8 FROM other o, model m;
		INSERT INTO dkim_key (id, domain_id, selector, algorithm, bits, state, public, fingerprint,
			private_id, created, since) SELECT o.key, o.id, selector, algorithm, bits, state, public,
			fingerprint, o.key, created, since FROM other o, model m;
		INSERT INTO key_public (key_id, name, exported, ready)
			SELECT o.key, o.name, m.exported, m.ready FROM other o, model m;
		INSERT INTO domain_setting (domain_id, key, value) SELECT id, 'dkim.sign', 'on' FROM other;
		COMMIT;
	SQL
}

# Changes of one domain each, and what the program takes for them by itself.
many_changes() { # number of domains, where, a command that runs the program and prints "WALL CPU KIB"
	local many=$1 where=$2 i words
	shift 2
	: >many.times
	for i in 1 2 3 4 5; do
		for words in "domain disable-dkim d00010$i.bench.example" \
			"domain set d00020$i.bench.example dns.ttl 77$i" \
			"domain enable-dkim d00010$i.bench.example"; do
			# shellcheck disable=SC2086 # words
			echo "$("$@" $words) ${words%% d0*}" >>many.times
		done
		echo "$("$@" server set mta.trusted-relays 192.0.2.$i) server set" >>many.times
	done
	for words in "domain disable-dkim" "domain enable-dkim" "domain set"; do
		many_line "$words, one of $many, $where" \
			"$(grep "$words\$" many.times | sort -k2,2n | sed -n 3p)" 0.5
	done
	many_line "server set, beside $many, $where" \
		"$(grep "server set\$" many.times | sort -k2,2n | sed -n 3p)" 1
}

# "0.5": seconds of processor time that are wanted at most; "memory": only that; "": neither.
many_line() { # what, "WALL CPU KIB", wanted, MB of memory (100)
	local wall cpu kib mb=${4:-100} wanted='' verdict=''
	read -r wall cpu kib _ <<<"$2"
	case $3 in
	memory) wanted="at most $mb MB" ;;
	?*) wanted="at most $3 s, $mb MB" ;;
	esac
	[ -z "$wanted" ] || verdict=$(awk -v c="$cpu" -v k="$kib" -v most="${3/memory/1e9}" -v mb="$mb" 'BEGIN {
		print c <= most && k <= mb * 1024 ? "yes" : "NO" }')
	line "$1" "$cpu s own CPU, $((kib / 1024)) MB ($wall s)" "$wanted" "$verdict"
}
