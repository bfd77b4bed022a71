# Sourced by the scripts that run in a bare root (see bare): commands are taken from README.md and
# run as it says, each one a test.
# shellcheck shell=bash

person=newuser
checkout=/home/$person/mailauthctl

# What a new user starts from, and the tests' own tools later (tools_for_tests).
prepare_root() {
	local folder=/home/$person
	# Questions get their first answer, as from somebody who presses Enter.
	echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90answers
	echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections
	apt-get update -qq
	apt-get install -qq --no-install-recommends sudo git make gcc >/dev/null
	useradd -m -s /bin/bash $person
	chown -R $person: /e2e/repository
	echo "$person ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/$person
	ok "git clone" as_person git clone -q /e2e/repository mailauthctl
	[ -e $checkout/README.md ]
}
tools_for_tests() {
	apt-get install -qq --no-install-recommends nsd ldnsutils swaks python3-dkim procps >/dev/null
}

as_person() { (cd "${folder:-$checkout}" && setpriv --reuid $person --regid $person --init-groups env HOME=/home/$person USER=$person "$@"); }
# As root at a terminal, who answers "y" where something is asked.
as_root() { (cd /root && env HOME=/root script -qec "bash -lc ${1@Q}" /dev/null <<<y); }

# Code of a section ("" is the beginning), a block each paragraph.
blocks() { # section
	awk -v section="$1" '
		/^#/ && !code { name = $0; sub(/^#+ /, "", name); level = index($0, " ") - 1
			if (level == 1) name = ""
			if (on && level <= at) on = 0
			if (name == section && !on) { on = 1; at = level == 1 ? 2 : level } }
		{ code = on && /^    / }
		code { print substr($0, 5); was = 1; next }
		was { print ""; was = 0 }' $checkout/README.md
}
# The block of a section that has these words.
block() { # section, words
	blocks "$1" | awk -v RS= -v words="$2" 'index($0, words) && !done { print; done = 1 }'
}

# Runs lines of README.md: what is built is built by the person, the rest is done by root.  A check
# that finds something exits 3.
steps() { # lines
	local line found=0
	while IFS= read -r line <&7; do
		[ -n "$line" ] || continue
		found=1
		case $line in
		sudo* | make* | git*) ok "README: $line" as_builder "$line" ;;
		*) ok "README: $line" finds_at_most "$line" ;;
		esac
	done 7<<<"$1"
	[ $found = 1 ] || ok "README has the commands that were looked for" false
}
as_builder() (
	set -o pipefail
	as_person bash -c "$1" 2>&1 </dev/null | tail -30
)
finds_at_most() {
	local status=0
	as_root "$1" || status=$?
	[ $status = 0 ] || { [ $status = 3 ] && grep -qE ' (check|explain|lint|plan|compare|doctor)( |$)' <<<"$1"; }
}

# As cron does: no terminal.  Prints what cron would mail.
as_cron() { (cd / && env -i HOME=/root PATH=/usr/bin:/bin sh -c "$1" </dev/null 2>&1); }

# The count goes on in the second script.
# shellcheck disable=SC2154 # tap.sh has them
hand_over() { echo "tap_count=$tap_count tap_failed=$tap_failed" >/e2e/count; }
go_on() {
	# shellcheck source=/dev/null
	. /e2e/count
}

# ---- a mail host as Debian leaves it, and a name server --------------------------------------------

# example.com's zone as an admin keeps it, and the command that README.md has for it.
keep_zone() {
	local section='Records to include (`zone.format include`, the default)'
	mkdir -p /srv/zones /etc/zones
	{
		printf '$TTL 60\n@ SOA ns hostmaster (\n  1 ; serial\n  3600 600 86400 60 )\n@ NS ns\nns A 127.0.0.1\n'
		block "$section" '$INCLUDE'
	} >/etc/zones/example.com
	ln -s /etc/zones/example.com /srv/zones/example.com.zone
	block "$section" '#!/bin/sh' >/usr/local/sbin/zone-changed
	chmod 0755 /usr/local/sbin/zone-changed
}

start_host() {
	sed -i -e '/^TrustAnchorFile/d' -e '$aNameservers 127.0.0.1' /etc/opendkim.conf
	postconf -e myhostname=mx.example.test \
		'mydestination=$myhostname, example.test, srs.example.com, localhost.localdomain, localhost'
	start_nsd
	start_opendkim
	start_postfix
}

from_us() { deliver_local user@example.com && [ "$(signatures)" = "d=example.com s=default" ]; }
from_us_unsigned() { deliver_local user@example.com && [ -z "$(signatures)" ]; }
