# Every example of README.md and of the man pages, run on a mail host: see examples.py.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. /e2e/lib.sh
# Senders elsewhere, and names that examples speak of.
mkdir -p /srv/zones
printf '%s\n' '$ORIGIN partner.example.' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' \
	'@ NS ns' 'ns A 127.0.0.1' '@ TXT "v=spf1 include:spf.partner.example -all"' 'spf TXT "v=spf1 ip4:192.0.2.80 -all"' >/srv/zones/partner.example.zone
# Names that nobody has: what asks for their records is told so.
for zone in com org example; do
	printf '%s\n' "\$ORIGIN $zone." '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 127.0.0.1' \
		>/srv/zones/$zone.zone
done
# shellcheck source=tests/e2e/setup.sh
. /e2e/setup.sh
install -D -m 0755 /e2e/mailauth-policyd /usr/local/libexec/mailauthctl/mailauth-policyd
postconf -e 'mydestination=$myhostname, example.test, srs.example.com, localhost'
postfix reload >/dev/null 2>&1

# As if mailauthctl had never been here; then what the examples of a page begin with.
cat >/e2e/start-again <<'SCRIPT'
#!/bin/bash -eu
mailauthctl mta push --remove --yes
rm -rf /var/lib/mailauthctl /etc/nsd/nsd.conf.d/exported.conf /etc/nsd/nsd.conf.d/mailauthctl.conf
nsd-control reconfig
case ${1:-} in
mailauth-policyd.8)
	mailauthctl mta adopt --yes
	;;
mailauthctl-*)
	mailauthctl server set mta.backend directory
	mailauthctl domain add example.com
	;;
prepared)
	# Each command of a row finds what it speaks of.
	mailauthctl server set mta.backend directory zone.reload true
	mailauthctl domain enable-dkim example.com
	mailauthctl template add www A '<ip>'
	until [ "$(mailauthctl --json audit list --limit 1 | jq '.[0].id')" -ge 16 ]; do
		mailauthctl server set spf.explanation "Text $RANDOM"
	done
	mailauthctl server set dns.ttl 600
	for i in {1..6}; do mailauthctl server set mta.trusted-relays "192.0.2.$i"; done
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out /e2e/key.pem
	mailauthctl domain add old.example
	mailauthctl domain remove old.example
	mailauthctl zone export --all
	cp -a /var/lib/mailauthctl /e2e/prepared
	mailauthctl config export /e2e/mailauthctl.yaml
	mkdir -p /usr/share/bash-completion/completions
	;;
esac
SCRIPT
cat >/e2e/restore <<'SCRIPT'
#!/bin/bash -eu
rm -rf /var/lib/mailauthctl /root/*
cp -a /e2e/prepared /var/lib/mailauthctl
cp /e2e/key.pem /root
printf 'From: user@example.com\n\nHello.\n' >/root/mail.eml
case $1 in
*"config export"*) ;;
*) cp /e2e/mailauthctl.yaml /root ;;
esac
case $1 in
*"domain add example.com") mailauthctl domain remove --now example.com ;;
esac
SCRIPT
chmod 0755 /e2e/start-again /e2e/restore

python3 /e2e/examples.py /e2e/README.md /e2e/man/mailauthctl.8 /e2e/man/mailauthctl-template.5 \
	/e2e/man/mailauthctl-settings.5 /e2e/man/mailauth-policyd.8
