# Sourced by the scripts: a mail host as Debian leaves it, NSD with the zones of senders elsewhere.
# OpenDKIM asks the host's own name server; its trust anchor is the public root's, which this
# network does not have.
# shellcheck shell=bash

mkdir -p /srv/zones
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /srv/sender.pem 2>/dev/null
{
	printf '$ORIGIN sender.example.net.\n$TTL 60\n'
	printf '@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n'
	printf 'sel._domainkey TXT %s\n' "$(printf 'v=DKIM1; k=rsa; p=%s' \
		"$(openssl pkey -in /srv/sender.pem -pubout -outform DER | base64 -w0)" |
		fold -w 200 | sed 's/.*/"&"/' | tr '\n' ' ')"
} >/srv/zones/sender.example.net.zone
make_reload_command
start_nsd
sed -i -e '/^TrustAnchorFile/d' -e '$aNameservers 127.0.0.1' /etc/opendkim.conf
start_opendkim
start_postfix
