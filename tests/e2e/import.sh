# Keys of an administrator's own OpenDKIM are imported, and mail is signed with them as before; of
# several keys the one that name servers show signs.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# shellcheck disable=SC2016 # $ORIGIN is a zone file's
zone() { # name, private key, selector: its zone with that record
	{
		printf '$ORIGIN %s.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n' "$1"
		printf '%s._domainkey TXT %s\n' "$3" "$(printf 'v=DKIM1; k=rsa; p=%s' \
			"$(openssl pkey -in "$2" -pubout -outform DER | base64 -w0)" | fold -w 200 | sed 's/.*/"&"/' | tr '\n' ' ')"
	} >"/srv/zones/$1.zone"
}
make_key() {
	mkdir -p "$(dirname "$1")"
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null
	chmod 600 "$1"
}

# an administrator's OpenDKIM, and two domains whose keys lie elsewhere without any table
for domain in one.test two.test old.test; do make_key /etc/opendkim/keys/$domain/mail.private; done
for selector in a b c; do make_key /srv/tree/dns.test/$selector.private; done
for selector in a b; do make_key /srv/tree/both.test/$selector.private; done
mkdir -p /srv/zones
zone dns.test /srv/tree/dns.test/b.private b
zone both.test /srv/tree/both.test/a.private b # another key under that selector
cat >/etc/opendkim/KeyTable <<'TABLE'
mail._domainkey.one.test one.test:mail:/etc/opendkim/keys/one.test/mail.private
two %:mail:/etc/opendkim/keys/two.test/mail.private
TABLE
printf '*@one.test mail._domainkey.one.test\n*@two.test two\n' >/etc/opendkim/SigningTable
chown -R opendkim: /etc/opendkim/keys
cat >>/etc/opendkim.conf <<'CONF'
KeyTable refile:/etc/opendkim/KeyTable
SigningTable refile:/etc/opendkim/SigningTable
Socket inet:8891@127.0.0.1
CONF
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
postconf -e smtpd_milters=inet:127.0.0.1:8891 non_smtpd_milters=inet:127.0.0.1:8891
postfix reload >/dev/null 2>&1
signed() { deliver 127.0.0.1 "user@$1" >/dev/null && signatures; }
wait_for bash -c '</dev/tcp/127.0.0.1/8891'
is "the administrator's filter signs" "$(signed one.test) $(signed two.test)" "d=one.test s=mail d=two.test s=mail"

mailauthctl server set mta.hostname mx.example.test zone.format full zone.reload reload-zones dns.ttl 60 2>/dev/null
mailauthctl template add '<domain>.' SOA '<hostname>. hostmaster.<domain>. 0 3600 600 1209600 300' >/dev/null 2>&1
mailauthctl template add '<domain>.' NS '<hostname>.' >/dev/null 2>&1
rows() { cut -f 1-3,6,7; }
is "what the import would do" "$(mailauthctl --dry-run --format tsv key import --tables /etc/opendkim.conf 2>/dev/null | rows | tail -n +2)" \
	"$(printf '/etc/opendkim/keys/%s\t%s\tmail\timported\tactive\n' one.test/mail.private one.test two.test/mail.private two.test)"
is "it does nothing" "$(mailauthctl key list --format tsv | tail -n +2)" ""
ok "key import" mailauthctl key import --tables /etc/opendkim.conf
ok "the records are served" wait_for is_served mail._domainkey.two.test
ok "mta adopt takes the filter over" mailauthctl mta adopt --yes --replace-filter
is "mail is signed with the same selectors" "$(signed one.test) $(signed two.test)" "d=one.test s=mail d=two.test s=mail"
ok "and verifies" verifies
is "with the same key" "$(openssl pkey -in /etc/dkimkeys/two.test/mail.private -outform DER | sha256sum)" \
	"$(openssl pkey -in /etc/opendkim/keys/two.test/mail.private -outform DER | sha256sum)"
is "a domain that no table names does not sign" "$(signed old.test)" ""

# ---- name servers decide ----------------------------------------------------------------------------

is "of several keys the one in DNS signs; none where DNS shows another" \
	"$(mailauthctl --dry-run --format tsv key import --tree /srv/tree --resolver 127.0.0.1 2>/tmp/said | rows | tail -n +2)" \
	"$(printf '%s\t%s\t%s\timported\t%s\n' both.test/a.private both.test a inactive both.test/b.private both.test b inactive \
		dns.test/a.private dns.test a inactive dns.test/b.private dns.test b active dns.test/c.private dns.test c inactive)"
ok "and how to choose is said" grep -q 'both.test has several keys.*"mailauthctl domain enable-dkim both.test --selector a"' /tmp/said
fails "only where it is open" grep -q "dns.test has several" /tmp/said
# from the next reload on these zones are ours; until then the name server has them as they were
printf 'zone:\n name: sender.example.net\n zonefile: /srv/zones/sender.example.net.zone\n' >/etc/nsd/nsd.conf.d/own.conf
ok "the import" mailauthctl key import --tree /srv/tree --resolver 127.0.0.1
is "none of them signs" "$(signed both.test)" ""
is "the one does" "$(signed dns.test)" "d=dns.test s=b"
ok "one is chosen" mailauthctl domain enable-dkim both.test --selector a
is "and signs" "$(signed both.test)" "d=both.test s=a"
ok "and another one" mailauthctl domain enable-dkim both.test --selector b
is "which signs from now on" "$(signed both.test)" "d=both.test s=b"
done_testing
