# Sourced by what installs Debian packages.
# shellcheck shell=bash

# Installs packages, fetching lists first; a mirror that cannot be reached is tried three times.
# Nothing is printed when it succeeds.  Returns 75 when packages could not be fetched, 1 on any other
# failure.
apt_install() { # packages...
	local try log status=75
	log=$(mktemp) || return
	export DEBIAN_FRONTEND=noninteractive
	for try in 1 2 3; do
		# Another list of the machine's may fail: what counts is whether the packages come.
		apt-get update -q >"$log" 2>&1 </dev/null
		if apt-get install -y -q --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
			rm -f "$log"
			return 0
		fi
		if ! grep -qE 'Failed to fetch|Unable to fetch|Could not (resolve|connect)|Temporary failure' "$log"; then
			status=1
			break
		fi
		[ $try = 3 ] || sleep $((try * 5))
	done
	tail -5 "$log"
	rm -f "$log"
	return $status
}
