m server set spf.mode 3 dkim.rsa-bits 4096
m audit show 1 | undated
m --json audit show 1 | undated
m audit show 99
m --format tsv audit show 1
# print long values in full on demand
m domain add example.com
m record add example.com text TXT "$(printf 'long%.0s' {1..60})"
m audit show 5 | undated
m audit show 5 --full | undated
# secrets are seen as a fingerprint
m server set srs.enabled on srs.domain bounce.example.com
m audit show 6 | undated | sed 's/SHA256:[0-9a-f]*/SHA256:.../'
m audit show
