# Sourced by the sweeps that need servers: a mail host of their own, in namespaces of their own, with
# programs that record what they are told (tests/lib/fake_mta.c).  Needs root.
#
# `program` and `work` are the script's; `root` is the host.
# shellcheck shell=bash disable=SC2034,SC2154 # what the scripts define and use

fake=
in_namespaces=(unshare --mount --net --pid --fork --kill-child)

need_namespaces() {
	if [ "$(id -u)" != 0 ] || ! "${in_namespaces[@]}" true 2>/dev/null; then
		echo "skipped: no right to make namespaces" >&2
		exit 77
	fi
}

# What is the same in all runs: programs and their libraries.
enter_host() {
	local file
	fake=$(dirname "$program")/tests/lib/fake_mta
	mount --make-rprivate /
	mount -t tmpfs -o mode=0700 tmpfs "$work"
	mkdir -p "$root"/{dev,usr/local/sbin,usr/local/libexec/mailauthctl}
	mknod -m 0666 "$root/dev/null" c 1 3
	for file in mailauthctl fake_mta postfix postconf opendkim systemctl; do
		cp "$fake" "$root/usr/local/sbin/$file"
	done
	cp "$program" "$root/usr/local/sbin/mailauthctl"
	: >"$root/usr/local/libexec/mailauthctl/mailauth-policyd"
	chmod 0755 "$root/usr/local/libexec/mailauthctl/mailauth-policyd"
	ldd "$program" "$fake" "$(dirname "$program")/libraries" | grep -oE '/[^ :)]+' | grep -v "^$(dirname "$program")/" | sort -u |
		while read -r file; do
			install -D "$file" "$root$file"
		done
	in_root fake_mta loopback
}

in_root() { chroot "$root" "/usr/local/sbin/$1" "${@:2}"; }
ctl() { "${tracer[@]}" chroot "$root" /usr/local/sbin/mailauthctl "$@"; }
tree() { in_root fake_mta tree /; }

# A host as Debian leaves it.
make_files() {
	local base=$1 folder
	mkdir -p "$base"/{etc/postfix,etc/dkimkeys,fake/running,run/opendkim,run/systemd/system,tmp} \
		"$base"/var/{lib,spool/postfix/pid,spool/postfix/private}
	chmod 1777 "$base/tmp"
	printf '%s\n' 'myhostname = mx.example.net' 'mydestination = localhost' \
		'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination' \
		>"$base/etc/postfix/main.cf"
	printf '%s\n' 'smtp      inet  n       -       y       -       -       smtpd' \
		'cleanup   unix  n       -       y       -       0       cleanup' \
		>"$base/etc/postfix/master.cf"
	printf '%s\n' 'Syslog yes' 'UserID opendkim' 'UMask 007' \
		'Socket local:/run/opendkim/opendkim.sock' >"$base/etc/opendkim.conf"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'postfix:x:101:101::/:/bin/false' \
		'opendkim:x:102:102::/:/bin/false' 'nobody:x:65534:65534::/:/bin/false' \
		>"$base/etc/passwd"
	printf '%s\n' 'root:x:0:' 'postfix:x:101:' 'opendkim:x:102:' 'nogroup:x:65534:' >"$base/etc/group"
	for folder in etc/dkimkeys run/opendkim; do
		chown 102:102 "$base/$folder"
	done
}

# Nobody's connection is in the way of a reload.
check_fake() {
	make_files "$root"
	in_root fake_mta boot || finding "the servers do not start"
	exec 5<>/dev/tcp/127.0.0.1/25 && read -r -u 5 _
	in_root postfix -c /etc/postfix reload || finding "a reload fails while somebody is connected"
	printf 'QUIT\r\n' >&5
	grep -q ^221 <&5 || finding "a reload ends a connection"
	exec 5>&-
	in_root fake_mta halt
}
