m server describe spf.mode
m --json server describe spf.mode
m server describe | cut -c1-28
m server describe spf.mod
