m server get spf.mode
m server set spf.mode 3
m server get spf.mode
m --json server get spf.mode
m --json server get dkim.sign
m server get spf-mode
m server get spf.mod
