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
