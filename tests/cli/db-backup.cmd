m server set spf.mode 3
m db backup copy.db
stat -c '%a %n' copy.db
m --json db backup copy.db
m db backup second.db
sqlite3 second.db 'PRAGMA integrity_check'
