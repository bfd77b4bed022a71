# Sourced in front of every case.
# shellcheck shell=bash

m() {
	local status=0
	printf '$ mailauthctl'
	local word
	for word; do
		[ "$word" != "${dns:-NAMESERVER}" ] || word=NAMESERVER
		case $word in
		*[!A-Za-z0-9@%+=:,./_-]* | '') printf " '%s'" "${word//\'/\'\\\'\'}" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	"$PROGRAM" --root "$ROOT" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr" || status=$?
	sed "s|$ROOT|ROOT|g; s|$SCRATCH|SCRATCH|g; s|${dns:-NAMESERVER}|NAMESERVER|g" "$SCRATCH/stdout"
	sed "s|^|! |; s|$ROOT|ROOT|g; s|$SCRATCH|SCRATCH|g; s|${dns:-NAMESERVER}|NAMESERVER|g" "$SCRATCH/stderr"
	[ $status = 0 ] || echo "[exit $status]"
}

# Dates and times become words of their own.
undated() {
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?/TIME/g' \
		-e "s/$(date -u +%Y%m%d)[0-9]{2}/SERIAL/g"
}
# The octets of public keys, however they are cut into strings; digests.
unkeyed() {
	sed -E -e 's#p=[A-Za-z0-9+/]{30,}={0,2}(\\?" \\?"[A-Za-z0-9+/]+={0,2})*#p=KEY#g' \
		-e 's#[A-Za-z0-9+/]{60,}={0,2}#KEY#g'
}

# A key of its own for `key import`: the file it is written to.
make_key() { openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null; }

# A name server of our own on loopback that answers from this table; $dns is its address, which is
# printed as NAMESERVER.
serve_dns() { # table of tests/lib/dnsd
	local end=$((SECONDS + 10))
	[ -z "${dnsd:-}" ] || kill "$dnsd"
	: >address
	"$(dirname "$PROGRAM")/tests/lib/dnsd" "$1" >address &
	dnsd=$!
	trap 'kill "$dnsd"' EXIT
	until [ -s address ]; do
		[ $SECONDS -lt $end ] || { echo "no name server"; return 1; }
		sleep 0.02
	done
	dns=$(cat address)
	rm address
}
