# Removed domains, imported configurations, keys: done, taken back.
. "$CASES/undo.sh"
"$PROGRAM" --root "$ROOT" --quiet domain suspend example.net
both_ways domain remove example.com example.net

cat >new.yaml <<'END'
format: 1
server:
  spf.mode: 3
template:
  - id: t2
    owner: _dmarc
    type: TXT
    data: v=DMARC1; p=quarantine
  - owner: ftp
    type: A
    ttl: 10m
    data: 192.0.2.21
domains:
  example.com:
    settings:
      dns.ttl: 120
    records:
      - owner: www
        type: A
        data: 192.0.2.99
  imported.example: {}
  alias.example:
    alias-of: example.com
END
both_ways config import new.yaml
both_ways config import --prune new.yaml

# DKIM: the keys stay and rest, and their records stay for a while
ONE_WAY=1 CHANGE=$(($(last) + 1)) both_ways domain enable-dkim example.com
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
m --quiet audit undo "$(last)"
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
ONE_WAY=1 both_ways domain disable-dkim example.com
m domain show example.com | grep -E '^(DKIM|Signing|  default)' | undated
m audit undo "$(last)"
ONE_WAY=1 CHANGE=$(($(last) + 1)) both_ways domain enable-dkim fresh.example
