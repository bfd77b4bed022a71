# What Postfix's main.cf, master.cf and the filters' files become with DMARC, SRS and SPF on, by what a
# host has.
policyd=$ROOT$("$PROGRAM" --root "$ROOT" mta status 2>&1 | grep -o '/[^ ]*/mailauth-policyd' | head -1)
[ "$policyd" != "$ROOT" ] || policyd=$ROOT/usr/local/libexec/mailauthctl/mailauth-policyd
host() { # lines of main.cf...
	rm -rf "$ROOT"/{etc,usr,var}
	mkdir -p "$ROOT"/{etc/postfix,etc/default,var/spool/postfix,etc/dkimkeys} "${policyd%/*}"
	printf '%s\n' 'myhostname = mx.example.net' 'mydestination = localhost, srs.example.net' "$@" >"$ROOT/etc/postfix/main.cf"
	printf '%s\n' 'smtp inet n - y - - smtpd' 'cleanup unix n - y - 0 cleanup' 'smtp unix - - y - - smtp' >"$ROOT/etc/postfix/master.cf"
	printf '%s\n' 'Syslog yes' >"$ROOT/etc/opendkim.conf"
	printf '%s\n' root:x:0:0:::/bin/sh nobody:x:65534:65534::: opendkim:x:105:109::: opendmarc:x:106:110::: \
		postfix:x:107:111::: mailauth:x:108:112::: >"$ROOT/etc/passwd"
	printf '%s\n' root:x:0: opendkim:x:109: opendmarc:x:110: postfix:x:111: mailauth:x:112: >"$ROOT/etc/group"
	: >"$policyd"
	m --quiet server set mta.hostname mx.example.net dkim.algorithm ed25519
}
dmarc() { printf '%s\n' 'Syslog yes' "$@" >"$ROOT/etc/opendmarc.conf"; }
# Who is not root can give files to nobody else: every account is his.
adopt() {
	[ "$(id -u)" = 0 ] || sed -E -i "s/:[0-9]+:[0-9]+:/:$(id -u):$(id -g):/" "$ROOT/etc/passwd"
	[ "$(id -u)" = 0 ] || sed -E -i "s/:[0-9]+:/:$(id -g):/" "$ROOT/etc/group"
	m mta adopt --yes
}
plan() { m --dry-run mta adopt | sed -E 's/[A-Za-z0-9+_-]{43,}=?/SECRET/'; }

# ---- DMARC
host 'mynetworks = 127.0.0.0/8 192.0.2.0/24'
m server set dmarc.check on
dmarc 'Socket local:/run/opendmarc/own.sock' 'PublicSuffixList /etc/list'
plan
: >"$ROOT/etc/list"
m --quiet server set dmarc.check on
plan
m --quiet server set dmarc.reject off mta.trusted-relays 198.51.100.0/24
plan
host 'mynetworks = 127.0.0.0/8'
dmarc 'ChangeRootDirectory /var/x'
m --quiet server set dmarc.check on
plan
host 'mynetworks = 127.0.0.0/8' 'smtpd_milters = unix:/run/opendmarc/own.sock, inet:127.0.0.1:1'
sed -i 's/^smtp inet n - y/smtp inet n - n/' "$ROOT/etc/postfix/master.cf"
dmarc 'Socket local:/run/opendmarc/own.sock' 'UserID opendmarc:postfix'
m --quiet server set dmarc.check on
plan
adopt
cat "$ROOT/etc/opendmarc.conf"
m --quiet server set dmarc.check off
cat "$ROOT/etc/opendmarc.conf"
m --quiet server set dmarc.check on
m mta push --remove --yes
cat "$ROOT/etc/opendmarc.conf"
host
dmarc
m --quiet server set dmarc.check on
rm "$policyd"
plan

# ---- SPF: who runs it, and a service of that name
host
grep -v '^mailauth' "$ROOT/etc/passwd" >passwd
cp passwd "$ROOT/etc/passwd"
plan | grep -E '^[+].*user=|^# .*SPF|account'
grep -v '^nobody' passwd >"$ROOT/etc/passwd"
plan | grep -E '^[+].*user=|SPF|account'
host
printf '%s\n' 'mailauth-policyd unix - n n - 0 spawn argv=/x' >>"$ROOT/etc/postfix/master.cf"
plan | grep -E 'SPF|own'
host 'smtpd_recipient_restrictions = check_policy_service unix:private/other-spf, permit_mynetworks, reject'
printf '%s\n' 'other-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf' >>"$ROOT/etc/postfix/master.cf"
plan | grep -v '^[ +-]'
host 'smtpd_recipient_restrictions = $own_restrictions' 'own_restrictions = permit_mynetworks, reject_unauth_destination'
plan | grep -v '^[ +-]'

# ---- networks: too large, from a file, hosts
host 'mynetworks = 0.0.0.0/0 127.0.0.0/8'
plan | grep -v '^[ +-]'
host 'mynetworks = /etc/postfix/networks, 127.0.0.0/8'
printf '%s\n' '# 203.0.113.0/24' '192.0.2.7 192.0.2.8' '  198.51.100.0/24' >"$ROOT/etc/postfix/networks"
plan | grep -E '^[+][0-9/:.[]+|^#'

# ---- SRS, postsrsd 1
host
m server set srs.enabled on srs.domain srs.example.net
plan
printf '%s\n' SRS_DOMAIN=old.example RUN_AS=postsrsd >"$ROOT/etc/default/postsrsd"
plan
m --quiet server set srs.exclude-domains example.org,.example.com
plan
m --quiet server set srs.domain elsewhere.example
plan | grep -v '^[ +-]'
m --quiet server set srs.domain srs.example.net
adopt
m mta status | grep SRS
m --quiet server set srs.enabled off
cat "$ROOT/etc/default/postsrsd"
m mta push --remove --yes
cat "$ROOT/etc/postfix/main.cf"
host 'inet_protocols = ipv6'
: >"$ROOT/etc/default/postsrsd"
m --quiet server set srs.enabled on srs.domain srs.example.net
plan | grep -v '^[ +-]'
host 'sender_canonical_maps = hash:/etc/postfix/canonical'
: >"$ROOT/etc/default/postsrsd"
m --quiet server set srs.enabled on srs.domain srs.example.net
plan | grep -v '^[ +-]'
host 'virtual_mailbox_domains = a.example, b.example, c.example, hash:/x' 'relay_domains = d.example'
: >"$ROOT/etc/default/postsrsd"
m --quiet domain add a.example
m server set srs.enabled on srs.domain srs.example.net srs.exclude-domains b.example
plan | grep -v '^[ +-]'

# ---- SRS, postsrsd 2
host
printf '%s\n' 'domains = { "old.example" }' >"$ROOT/etc/postsrsd.conf"
m --quiet server set srs.enabled on srs.domain srs.example.net
plan
printf '%s\n' 'domains-file = "/etc/own"' >"$ROOT/etc/postsrsd.conf"
plan | grep -v '^[ +-]'
printf '%s\n' 'domains = {' >"$ROOT/etc/postsrsd.conf"
plan | grep -v '^[ +-]'

# ---- DKIM: other signers, filters that give mail back
host
printf '%s\n' 'KeyTable refile:/etc/dkim/keys' 'SigningTable refile:/etc/dkim/sign' >"$ROOT/etc/opendkim.conf"
mkdir -p "$ROOT/etc/dkim"
printf '%s\n' 'k1 a.example:s:/etc/dkim/a.private' >"$ROOT/etc/dkim/keys"
printf '%s\n' '*@a.example k1' >"$ROOT/etc/dkim/sign"
plan
m server set mta.filter rspamd
plan | grep -v '^[ +-]'
host 'content_filter = scan:' 'mynetworks = 127.0.0.0/8'
printf '%s\n' 'scan unix - n n - 10 pipe flags=Rq user=nobody argv=/usr/bin/scan' >>"$ROOT/etc/postfix/master.cf"
m --quiet server set mta.signing-networks 127.0.0.0/8,192.0.2.0/24
plan
m --quiet server unset mta.signing-networks
plan | grep -v '^[ +-]'
host 'content_filter = smtp:[127.0.0.1]:10025'
printf '%s\n' '127.0.0.1:10026 inet n - n - - smtpd' ' -o content_filter=' ' -o smtpd_milters=unix:opendkim/opendkim.sock' >>"$ROOT/etc/postfix/master.cf"
plan
host 'receive_override_options = no_milters'
plan | grep -v '^[ +-]'
host 'smtpd_milters = unix:/run/opendkim/own.sock' 'non_smtpd_milters = unix:/run/opendkim/own.sock'
sed -i 's/ - y / - n /' "$ROOT/etc/postfix/master.cf"
printf '%s\n' 'Socket local:/run/opendkim/own.sock' >"$ROOT/etc/opendkim.conf"
plan
