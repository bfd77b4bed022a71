cat >new.yaml <<'END'
format: 1
server:
  spf.mode: 3
template:
  - id: t2
    owner: _dmarc
    type: TXT
    data: v=DMARC1; p=quarantine
  - owner: www
    type: A
    ttl: 10m
    data: <ip>
domains:
  Example.COM:
    settings:
      dkim.sign: on
  alias.example:
    alias-of: example.com
END
m --dry-run config import new.yaml
m config import new.yaml
m config import new.yaml
m audit show 1 | unkeyed | undated | sed 's/SHA256:.*/SHA256:.../'
m key list | undated
m config export all.yaml
# one file, all of it or nothing
cat >bad.yaml <<'END'
format: 1
domains:
  good.example: {}
  example.com:
    settings:
      mail: off
END
m config import bad.yaml
sed -i 's/mail: off/mail: of/; $a\  bad_name: {}' bad.yaml
m config import bad.yaml
m domain list
# adds and changes; --prune takes away what a section lacks
cat >part.yaml <<'END'
format: 1
domains:
  example.com: {}
END
m config import part.yaml
m --json --dry-run config import --prune part.yaml | undated
m config import --prune part.yaml
m domain list
m server get spf.mode
m config import all.yaml
m config diff --prune all.yaml
# what is probably not meant in records is told where it is new or changed
cat >doubt.yaml <<'Y'
format: 1
template:
  - {owner: "@", type: MX, data: "10 mx.example.net"}
  - {owner: txt, type: TXT, data: "v=spf1 ip4:10.0.0.1 -all"}
domains:
  doubt.example:
    records:
      - {owner: "@", type: MX, data: "10 mail.doubt.example"}
      - {owner: "@", type: MX, data: "10 192.0.2.1"}
      - {owner: txt, type: TXT, data: "v=spf1include:a.example"}
      - {owner: word, type: TXT, data: 'a \<word>'}
Y
m config import doubt.yaml
m config import doubt.yaml
m record list doubt.example
# what settings mean together is told once, where they are saved
cat >advice.yaml <<'Y'
format: 1
server:
  spf.mode: reject-fail
  dmarc.check: on
  dmarc.reject: on
Y
m config diff advice.yaml
m config import advice.yaml
m config import advice.yaml
# some keys are told one by one, more in one line; zones that are served elsewhere
{
	printf '%s\n' 'format: 1' 'server: {dkim.algorithm: ed25519}' 'domains:'
	printf '  %s.example: {settings: {dns.service: external, dkim.sign: on}}\n' far away
} >far.yaml
m --dry-run config import far.yaml | grep '^!'
m config import far.yaml | unkeyed
{
	printf '%s\n' 'format: 1' 'domains:'
	for i in $(seq 30); do printf '  e%s.example: {settings: {dkim.sign: on}}\n' "$i"; done
} >some.yaml
m --dry-run config import some.yaml | grep '^!'
m config import some.yaml
# very many keys are made in batches after the rest was saved, and only where a key can be used
{
	printf '%s\n' 'format: 1' 'server:' '  dkim.algorithm: ed25519' '  dns.service: external' 'domains:'
	for i in $(seq 1001); do printf '  d%s.example: {settings: {dkim.sign: on}}\n' "$i"; done
	echo '  silent.example: {settings: {mail: off}}'
} >many.yaml
m config diff many.yaml | tail -2
m config import many.yaml | grep '^!'
"$PROGRAM" --root "$ROOT" key list | grep -c 'd[0-9]*.example .* ed25519 .* pending'
m config import many.yaml
