# What is said of servers that are stopped or whose configuration is broken.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh

says() { # words, command...
	local words=$1
	shift
	"$@" >/tmp/said 2>&1
	local status=$?
	grep -qF -- "$words" /tmp/said || { sed 's/^/# /' /tmp/said; return 1; }
	return $status
}
refuses() { ! says "$@" && grep -qF -- "$1" /tmp/said; }
postfix_is_gone() { ! postfix status 2>/dev/null; }

# ---- Postfix is installed and stopped -------------------------------------------------------------

postfix stop >/dev/null 2>&1
wait_for postfix_is_gone
ok "a stopped Postfix is named" refuses 'is installed, but is not running: start it with "postfix start", then run "mailauthctl mta adopt"' \
	mailauthctl mta adopt --yes
mailauthctl --json mta status >/tmp/status
is "and the next step is to start it" "$(python3 -c 'import json; print(json.load(open("/tmp/status"))["hint"])')" "postfix start"
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
start_postfix
ok "adopted" mailauthctl mta adopt --yes

# ---- a main.cf that only postconf can read ----------------------------------------------------------

cp /etc/postfix/main.cf /tmp/main.good
while read -r line words; do
	cp /tmp/main.good /etc/postfix/main.cf
	postconf -e "$line"
	sha256sum /etc/postfix/main.cf >/tmp/before
	mailauthctl --no-push server set dkim.verify off dkim.sign off >/dev/null 2>&1
	ok "$line is refused with its reason" refuses "$words" mailauthctl mta push --force
	ok "and main.cf is as it was" sha256sum --quiet -c /tmp/before
done <<-'END'
	default_process_limit=abc bad numerical configuration: default_process_limit = abc
	inet_protocols=ipv9 unknown inet_protocols value "ipv9"
	mail_owner=nobodyhere parameter mail_owner: unknown user name value: nobodyhere
	queue_directory=/nope queue_directory in /etc/postfix/main.cf is /nope, which is not a folder
END
cp /tmp/main.good /etc/postfix/main.cf
ok "put right, it is pushed" mailauthctl mta push
done_testing
