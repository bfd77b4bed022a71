# Sourced by the scripts that send many messages at once: messages are written and queued, sent
# together, and then compared by their ids.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh

: >/tmp/rows
: >/tmp/to-sign
write() { # id, From address, header lines on top...
	local id=$1 from=$2
	shift 2
	{
		[ $# = 0 ] || printf '%b\n' "$@"
		printf 'From: %s\nTo: inbox@example.test\nSubject: dmarc\nX-Test: %s\n' "$from" "$id"
		printf 'Date: Sun, 22 Nov 2026 01:16:35 +0000\nMessage-Id: <%s@sender.example.net>\n\nhello\n' "$id"
	} >"/tmp/out/$id"
}
queue() { echo "$*" >>/tmp/rows; } # row of post.py

# Sends what was queued; replies stay in /tmp/replies, what was delivered in /tmp/delivered.
all_delivered() { [ "$(find $inbox/new -type f | wc -l)" = "$1" ]; }
send_all() {
	local file
	python3 /e2e/sign.py </tmp/to-sign
	python3 /e2e/post.py </tmp/rows >/tmp/replies
	: >/tmp/rows
	: >/tmp/to-sign
	wait_for all_delivered "$(grep -c ' 250 ' /tmp/replies)"
	rm -rf /tmp/delivered
	mkdir /tmp/delivered
	for file in "$inbox"/new/*; do
		[ ! -e "$file" ] || mv "$file" "/tmp/delivered/$(sed -n 's/^X-Test: //p' "$file" | head -1)"
	done
}
reply() { sed -n "s/^$1 //p" /tmp/replies | cut -c1-9; }
reply_text() { sed -n "s/^$1 //p" /tmp/replies; }
# The fields of our name in a delivered message, unfolded, without it.
fields() { # id
	sed '/^$/q' "/tmp/delivered/$1" | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\+/ /g' |
		sed -nE 's/^Authentication-Results: *mx\.example\.test; //Ip'
}
fields_with() { # id, text: how many of a message that was delivered
	[ -s "/tmp/delivered/$1" ] || echo "not delivered"
	fields "$1" | grep -c "$2"
}
# dkim, spf and dmarc results in our name, in that order, each as often as it is there.
results() { fields "$1" | tr ';' '\n' | sed -nE 's/^ *((dkim|spf|dmarc)=[a-z]+( \(p=[a-z]+ dis=[a-z]+\))?).*/\1/p' | sort -t= -k1,1 |
	awk -F= '{ order = $1 == "dkim" ? 1 : $1 == "spf" ? 2 : 3; print order, $0 }' | sort -s -k1,1n | cut -d' ' -f2- | paste -sd' '; }
outcome() { # id: "550 5.7.1", "250 dkim=... spf=... dmarc=..."
	local code
	code=$(reply "$1")
	case $code in
	250*) echo "250 $(results "$1")" ;;
	*) echo "$code" ;;
	esac
}
