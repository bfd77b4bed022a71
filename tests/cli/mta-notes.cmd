# What is to be known of the host is said at the adoption, once, and not again at each push; by a change
# that brings it about; and by status and plan.
mkdir -p "$ROOT"/etc/postfix "$ROOT"/var/spool/postfix
printf '%s\n' 'myhostname = mx.example.net' 'mynetworks = 127.0.0.0/8' 'smtpd_milters = inet:127.0.0.1:99' >"$ROOT/etc/postfix/main.cf"
printf '%s\n' 'smtp inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes' 'cleanup unix n - y - 0 cleanup' >"$ROOT/etc/postfix/master.cf"
printf 'Syslog yes\n' >"$ROOT/etc/opendkim.conf"
state='under --root no service is told' change='through a submission service it is signed last'
run() { # command: how often it says that of the host, and that of the setting
	local said
	said=$("$PROGRAM" --root "$ROOT" "$@" 2>&1)
	echo "$(grep -c "$state" <<<"$said") $(grep -c "$change" <<<"$said") $*"
}
for change_to in 'server set mta.filter-position last zone.reload true' 'domain add example.net' 'domain enable-dkim --sign-now example.net'; do
	# shellcheck disable=SC2086 # words
	"$PROGRAM" --quiet --root "$ROOT" $change_to >/dev/null 2>&1
done
# asked, and answered
said=$(python3 - <<'PY'
import os, pty, subprocess
ours, asked = pty.openpty()
os.write(ours, b'y\n')
done = subprocess.run([os.environ['PROGRAM'], '--root', os.environ['ROOT'], 'mta', 'adopt'], stdin=asked,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
print(done.stdout.decode(), done.returncode)
PY
)
echo "$(grep -c "$state" <<<"$said") mta adopt"
run mta status
run domain add example.com
run --no-push server set dkim.sign off
run mta push
run --verbose server set dkim.sign on
run --dry-run server set dkim.sign off
run server set mta.filter-position first
run server set dkim.sign off
run server set dkim.sign on
run mta plan
run server set mta.filter-position last
run --quiet server set mta.filter-position first
run server set mta.trusted-relays 192.0.2.1
run server set mta.trusted-relays 192.0.2.2
run mta rollback
run mta push
run mta push --remove --yes
run mta adopt --yes
# an adoption is not taken back as a change
m audit undo "$("$PROGRAM" --root "$ROOT" --json audit list | grep '"mta adopt"' | sed -nE 's/.*"id": ([0-9]+),.*/\1/p' | head -1)"
