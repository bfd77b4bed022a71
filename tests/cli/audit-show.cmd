m server set spf.mode 3 dkim.rsa-bits 4096
m audit show 1 | undated
m --json audit show 1 | undated
m audit show 99
