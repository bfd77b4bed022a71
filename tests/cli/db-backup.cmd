m server set spf.mode 3
m db backup copy.db
stat -c '%a %n' copy.db
m --json db backup copy.db
m db backup second.db
sqlite3 second.db 'PRAGMA integrity_check'
# secrets never go to a folder that other accounts may write to, nor below one
mkdir -p open/below group sticky && chmod 0777 open && chmod 1777 sticky
chgrp 65534 group && chmod 0770 group
m domain enable-dkim --sign-now example.com | unkeyed
unsafe() { m "$@" | sed -E 's/owner [0-9]+/owner UID/; s/group [0-9]+/group GID/'; }
for folder in open open/below group; do
	unsafe db backup $folder/copy.db
	unsafe key export example.com --private $folder/key.pem
	unsafe config export --with-keys $folder/config.yaml
done
m config export open/config.yaml
m db backup group/../sticky/copy.db
m db backup sticky/../sticky/copy.db
find open group sticky -type f | sort
stat -c '%a %n' sticky/copy.db
