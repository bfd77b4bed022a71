m server set spf.mode 3 dkim.rsa-bits 4096
m server unset spf.mode
m server get spf.mode
m --json server unset dkim.rsa-bits
m server get dkim.rsa-bits
m server unset dkim.rsa-bits
m server unset no.such
