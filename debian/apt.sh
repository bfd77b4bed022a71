# Sourced by what installs Debian packages.
# shellcheck shell=bash

# Fetches the lists, then installs packages; if the mirror cannot be reached, tries three times.
# Prints nothing on success.  Returns 75 if packages could not be fetched, 1 on any other failure.
apt_install() { # packages...
	local try log status=75
	log=$(mktemp) || return
	export DEBIAN_FRONTEND=noninteractive
	for try in 1 2 3; do
		# Lists of other sources may fail: only the installation determines the result.
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
