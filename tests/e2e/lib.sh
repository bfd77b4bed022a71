# Sourced by the scripts that run on the throw-away host (see host).
# shellcheck shell=bash

# shellcheck source=tests/lib/tap.sh
. /e2e/tap.sh

# Waits until the command succeeds, at most 15 s, or WAIT seconds.
wait_for() {
	local end=$((SECONDS + ${WAIT:-15}))
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			echo "gave up waiting for: $*"
			return 1
		fi
		sleep 0.05
	done
}

# ---- NSD: its own zones in /srv/zones, and those that mailauthctl exports ------------------------

# shellcheck disable=SC2034 # used by the scripts
exported=/var/lib/mailauthctl/zones

# What an admin's zone.reload does: fails while /tmp/nsd-is-broken exists.
make_reload_command() {
	cat >/usr/local/sbin/reload-zones <<-'SCRIPT'
		#!/bin/sh
		set -eu
		[ ! -e /tmp/nsd-is-broken ] || { echo "the name server is down" >&2; exit 3; }
		cd /var/lib/mailauthctl/zones
		while read -r zone; do
			printf 'zone:\n name: %s\n zonefile: %s/%s.zone\n' "$zone" "$PWD" "$zone"
		done <zones.list >/etc/nsd/nsd.conf.d/exported.conf
		# What name server and filter know at this moment.
		printf "record=%s signing=%s\n" "$(grep -c "^default._domainkey.example.com" example.com.zone)" \
			"$(sed -n '/^example.com/p' /etc/mailauthctl/opendkim/SigningTable 2>/dev/null | wc -l)" >>/tmp/reloads
		nsd-control reconfig >/dev/null
		nsd-control reload >/dev/null
	SCRIPT
	chmod 0755 /usr/local/sbin/reload-zones
}

start_nsd() {
	cat >/etc/nsd/nsd.conf.d/server.conf <<-'CONF'
		server:
		 ip-address: 127.0.0.1
		 username: ""
		 database: ""
		 pidfile: "/run/nsd/nsd.pid"
		 rrl-ratelimit: 0
		 rrl-whitelist-ratelimit: 0
		remote-control:
		 control-enable: yes
		 control-interface: /run/nsd/control
	CONF
	local zone
	for zone in /srv/zones/*.zone; do
		printf 'zone:\n name: %s\n zonefile: %s\n' "$(basename "$zone" .zone)" "$zone"
	done >/etc/nsd/nsd.conf.d/own.conf
	mkdir -p /run/nsd
	nsd -d >/var/log/nsd.log 2>&1 &
	wait_for nsd-control status
}

# TXT data of a name as NSD serves it, strings joined; nothing when there is none.
served() { drill -Q TXT "$1" @127.0.0.1 2>/dev/null | sed -e 's/^"//' -e 's/"$//' -e 's/" "//g' -e 's/\\;/;/g'; }
is_served() { [ -n "$(served "$1")" ]; }
# Answered, and not with such a record: a server that is down proves nothing.
is_not_served() {
	drill TXT "$1" @127.0.0.1 2>/dev/null | grep -qE 'rcode: (NOERROR|NXDOMAIN|REFUSED)' &&
		[ -z "$(served "$1")" ]
}

# ---- Postfix and OpenDKIM ------------------------------------------------------------------------

start_opendkim() {
	install -d -o opendkim -g opendkim -m 0750 /run/opendkim
	opendkim -x /etc/opendkim.conf
}

opendkim_pid() { pgrep -o -x opendkim; }

start_postfix() {
	useradd -m inbox
	postconf -e home_mailbox=Maildir/ maillog_file=/var/log/mail.log \
		smtpd_client_connection_rate_limit=0
	postfix start >/dev/null 2>&1
	wait_for greets
}

greets() { swaks --server 127.0.0.1 --quit-after EHLO; }

# ---- messages ------------------------------------------------------------------------------------

inbox=/home/inbox/Maildir

queue_is_empty() { mailq | grep -q 'queue is empty'; }

has_message() { [ -n "$(ls $inbox/new 2>/dev/null)" ]; }

# Waits for the one message that was sent and puts it into /tmp/message, line ends as on the wire.
receive() {
	wait_for has_message || return
	sed 's/$/\r/' "$inbox"/new/* >/tmp/message
	rm -f "$inbox"/new/*
}

# Sends through port 25: client address, sender, further options of swaks.  Prints the reply to the
# end of the message (or to what was refused).
send() {
	local from=$1 sender=$2
	shift 2
	swaks --server "${from/#192*/192.0.2.1}" --local-interface "$from" --helo "mail.${sender#*@}" \
		--from "$sender" --to inbox@example.test \
		"$@" >/tmp/swaks.log 2>&1
	grep -E '^<(-|~|\*\*)' /tmp/swaks.log | grep -v ' 221 ' | tail -1 | sed 's/^<[-~*]* *//'
}

# The same, and the message as it was delivered is in /tmp/message.
deliver() {
	local reply
	rm -f /tmp/message
	reply=$(send "$@")
	case $reply in
	250*) receive ;;
	*) echo "not accepted: $reply"; return 1 ;;
	esac
}

# By sendmail(1), as a local program does.
deliver_local() { # sender
	rm -f /tmp/message
	printf 'From: %s\nTo: inbox@example.test\nSubject: local\n\nhello\n' "$1" |
		sendmail -f "$1" inbox@example.test && receive
}

# The header of that name in /tmp/message, unfolded.
header() {
	tr -d '\r' </tmp/message | sed '/^$/q' | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\+/ /g' |
		grep -i "^$1:" | sed 's/^[^:]*: *//'
}

# Whom the message is signed for: "d=example.com s=default" a line.  One that never came is not unsigned.
signatures() {
	[ -s /tmp/message ] || { echo "no message was delivered"; return 1; }
	header DKIM-Signature | sed -E 's/.*[; ]d=([^; ]+).*/&\n\1/' | awk '
		NR % 2 { match($0, /[; ]s=[^; ]+/); s = substr($0, RSTART + 1, RLENGTH - 1); next }
		{ print "d=" $0, s }'
}

verifies() { dkimverify </tmp/message; }

# A message of `sender` signed by somebody else's key: /srv/sender.pem, selector "sel", into
# /tmp/signed.
sign_foreign() { # sender, further header lines...
	local sender=$1
	shift
	{
		[ $# = 0 ] || printf '%s\n' "$@"
		printf 'From: %s\nTo: inbox@example.test\nSubject: signed elsewhere\n' "$sender"
		printf 'Date: Sun, 22 Nov 2026 01:16:35 +0000\nMessage-Id: <%s@sender.example.net>\n\nhello\n' "$RANDOM"
	} | sed 's/$/\r/' >/tmp/unsigned
	dkimsign sel "${sender#*@}" /srv/sender.pem </tmp/unsigned >/tmp/signed
}
