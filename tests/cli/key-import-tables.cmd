# Tables of other signers: which keys they name, and which of them sign.
umask 022
key() { # file below the root...
	local file
	for file; do
		mkdir -p "$ROOT$(dirname "$file")"
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$ROOT$file" 2>/dev/null
		chmod 600 "$ROOT$file"
	done
}
put() { mkdir -p "$ROOT$(dirname "$1")" && cat >"$ROOT$1"; }
tables() { # files below the root...
	local file args=()
	for file; do args+=(--tables "$ROOT$file"); done
	m --dry-run --format tsv key import "${args[@]}" | cut -f 1-3,6-8 | rooted
}
tree() { m --dry-run --format tsv key import --tree "$@" | cut -f 1-3,6-8 | rooted; }
rooted() { sed "s|$ROOT|ROOT|g"; }
fresh() { rm -rf "$ROOT" && mkdir "$ROOT"; }

# ---- OpenDKIM
key /etc/dkim/a.private /etc/dkim/b.private /etc/dkim/b2.private /etc/dkim/d.private /srv/k/all.private
put /etc/opendkim.conf <<'X'
# KeyTable	/nowhere
Syslog		yes
Include		/etc/opendkim.d/tables.conf
X
put /etc/opendkim.d/tables.conf <<'X'
keytable	refile:/etc/opendkim/KeyTable # the later one holds
SigningTable	refile:/etc/opendkim/SigningTable
Domain		all.example, b.example
X
put /etc/opendkim/KeyTable <<'X'
# name	domain:selector:path
ka A.example:s1:/etc/dkim/a.private
kb b.example:s1:/etc/dkim/b.private
kb2 b.example:s2:../dkim/b2.private
kc c.example:s1:MIICdgIBADANBgkqhkiG9w0B
kd d.example:s1:/etc/dkim/d.private
ke e.example:s1:/etc/dkim/missing.private
kall %:2024:/srv/k/all.private
broken a.example
kx not_a_name:s1:/etc/dkim/a.private
X
put /etc/opendkim/SigningTable <<'X'
*@a.example	ka
*@sub.a.example ka
*@*.d.example	kd
someone@b.example kb2:someone@b.example
*@e.example	ke
*@unknown.example nokey
*	kall
X
tables /etc/opendkim.conf
tables /etc/opendkim/KeyTable
m key import --format tsv --tables "$ROOT/etc/opendkim.conf" | cut -f 1-7 | rooted
m key list --format tsv | cut -f 1,2,5
chmod 666 "$ROOT/etc/opendkim/KeyTable"
tables /etc/opendkim/KeyTable
fresh
# one key for all, without tables
key /etc/dkim.key
put /etc/opendkim.conf <<<$'Domain csl:a.example,b.example\nSelector mail\nKeyFile /etc/dkim.key'
tables /etc/opendkim.conf
put /etc/opendkim.conf <<<$'Selector mail\nKeyFile /etc/dkim.key'
tables /etc/opendkim.conf
put /etc/opendkim.conf <<<$'KeyTable dsn:mysql://x/y\nSigningTable file:/etc/none'
tables /etc/opendkim.conf
put /etc/hosts <<<'127.0.0.1 localhost'
tables /etc/hosts
tables /etc/nothing
m key import --tables "$ROOT/etc" | rooted
fresh

# ---- a panel's: one key for all, some domains with one of their own
key /etc/dkim.key /etc/dkimkeys/17.dkim-key
put /etc/opendkim.conf <<'X'
Selector 202401
KeyFile /etc/dkim.key
Domain /etc/dkim-domains.txt
SigningTable refile:/etc/dkim-signingtable
KeyTable /etc/dkim-keytable
X
put /etc/dkim-domains.txt <<<$'a.example\nb.example'
put /etc/dkim-signingtable <<<$'*@b.example\t17\n*\tdefault'
put /etc/dkim-keytable <<<$'default\t%:202401:/etc/dkim.key\n17\tb.example:202401:/etc/dkimkeys/17.dkim-key'
tables /etc/opendkim.conf
put /etc/keylist <<<$'*@a.example:a.example:/etc/dkim.key\n*@b.example:b.example:/etc/dkimkeys/17.dkim-key'
tables /etc/keylist
fresh

# ---- one key that several domains share, elsewhere than the tables
key /home/user-data/mail/dkim/mail.private
put /etc/opendkim/KeyTable <<<$'a.example a.example:mail:/home/user-data/mail/dkim/mail.private\nb.example b.example:mail:/home/user-data/mail/dkim/mail.private'
put /etc/opendkim/SigningTable <<<$'*@a.example a.example\n*@b.example b.example'
put /etc/opendkim/TrustedHosts <<<127.0.0.1
tree "$ROOT/etc/opendkim"
tables /etc/opendkim/KeyTable /etc/opendkim/SigningTable
chmod 666 "$ROOT/etc/opendkim/KeyTable" # somebody's tables do not lead out of their folder
tree "$ROOT/etc/opendkim"
fresh

# ---- a container's folder: the tables name the paths that the container sees
key /keys/a.example/mail.private /keys/a.example/old.private /keys/b.example/mail.private
put /KeyTable <<<$'mail._domainkey.a.example a.example:mail:/etc/opendkim/keys/a.example/mail.private\nmail._domainkey.b.example b.example:mail:/etc/opendkim/keys/b.example/mail.private'
put /SigningTable <<<'*@a.example mail._domainkey.a.example'
cp -a "$ROOT" container
fresh
tree container
rm container/SigningTable
tree container
tree container/keys --tables container/KeyTable

# ---- rspamd
key /var/lib/rspamd/dkim/a.example.dkim.key /var/lib/rspamd/dkim/b.example.s1.key /var/lib/rspamd/dkim/b.example.s2.key \
	/etc/keys/c.private /etc/keys/d1.private /var/lib/rspamd/dkim/loose.key
openssl genpkey -algorithm ed25519 -outform DER | tail -c 32 >"$ROOT/etc/keys/d2.seed"
chmod 600 "$ROOT/etc/keys/d2.seed"
put /etc/rspamd/local.d/dkim_signing.conf <<'X'
# comment with { and ;
path = "/var/lib/rspamd/dkim/$domain.$selector.key";
selector_map = "/etc/rspamd/dkim_selectors.map";
/* domain { x.example { path = "/x"; selector = "x"; } } */
sign_authenticated = true
domain {
	c.example {
		path: /etc/keys/c.private
		selector: "c1"
	}
	"d.example" {
		selectors [
			{ path = "/etc/keys/d1.private"; selector = "d1"; },
			{ path = "/etc/keys/d2.seed"; selector = "d2"; }
		]
	}
}
X
put /etc/rspamd/dkim_selectors.map <<<$'# domain selector\nb.example s2'
tables /etc/rspamd/local.d/dkim_signing.conf
tree "$ROOT/var/lib/rspamd/dkim"
tree "$ROOT/var/lib/rspamd/dkim" --tables "$ROOT/etc/rspamd/dkim_selectors.map"
fresh

# ---- amavis
key /var/lib/dkim/a.example.pem /var/lib/dkim/b.pem /var/lib/dkim/c.pem
put /etc/amavis/conf.d/50-user <<'X'
use strict;
# dkim_key('x.example', 'dkim', '/var/lib/dkim/x.pem');
$mydomain = 'a.example'; $dir = "/var/lib/dkim";
$enable_dkim_signing = 1;
dkim_key($mydomain, "dkim", "$dir/${mydomain}.pem");
dkim_key(
	'b.example',  # in (several) lines
	'mail2024', '/var/lib/dkim/b.pem', h => 'sha256');
$text = 'dkim_key("y.example", "s", "/y")';
dkim_key("c.$unknown", 'dkim', '/var/lib/dkim/c.pem');
@dkim_signature_options_bysender_maps = ({ '.' => { ttl => 21*24*3600 } });
1;
X
tables /etc/amavis/conf.d/50-user
tree "$ROOT/etc/amavis"
fresh

# ---- Exim
key /etc/exim4/dkim/a.example.key /etc/exim4/dkim/s1.b.example.pem /etc/exim4/k/c.key
put /etc/exim4/exim4.conf.localmacros <<'X'
DKIM_SELECTOR = x2024
DKIM_DOMAIN = ${lc:${domain:$h_from:}}
DKIM_FILE = /etc/exim4/dkim/${lc:${domain:$h_from:}}.key
DKIM_PRIVATE_KEY = ${if exists{DKIM_FILE}{DKIM_FILE}{0}}
X
tables /etc/exim4/exim4.conf.localmacros
put /etc/exim4/transport <<'X'
remote_smtp:
  driver = smtp
  dkim_domain = $sender_address_domain
  dkim_selector = s1
  dkim_private_key = "/etc/exim4/dkim/$dkim_selector.\
	$dkim_domain.pem"
X
tables /etc/exim4/transport
put /etc/exim4/dkim_keys <<<$'# table\nc.example: /etc/exim4/k/c.key\nd.example: selector=d1 key=/etc/exim4/k/c.key'
put /etc/exim4/transport <<'X'
dkim_selector = mail
dkim_private_key = ${lookup{$sender_address_domain}lsearch{/etc/exim4/dkim_keys}{$value}{0}}
X
tables /etc/exim4/transport
put /etc/exim4/transport <<<$'dkim_domain = a.example : b.example\ndkim_selector = one\ndkim_private_key = /etc/exim4/k/c.key'
tables /etc/exim4/transport
put /etc/exim4/transport <<<$'dkim_domain = a.example\ndkim_selector = one\ndkim_private_key = ${run{getkey}}'
tables /etc/exim4/transport
fresh

# ---- our own
key /etc/dkimkeys/a.example/default.private /etc/dkimkeys/b.example/default.private
tree "$ROOT/etc/dkimkeys"
