#!/usr/bin/env bash
# Builds the package twice, here and in a copy elsewhere: the same octets; lintian; what is in it.
#
# usage: tests/install/deb.sh    (in the top folder)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
make=${MAKE:-make}
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT

if ! command -v dh >/dev/null; then
	skip "make deb" "debhelper is missing; as root: debian/setup.sh deb"
	done_testing
	exit
fi

before=$(ls -l --time-style=full-iso bin build/release/mailauthctl 2>/dev/null)
ok "make deb" "$make" -s --no-print-directory deb
is "other builds were left alone" "$(ls -l --time-style=full-iso bin build/release/mailauthctl 2>/dev/null)" "$before"
package=$(ls build/deb/*.deb)
is "it is named after version and architecture" "$package" \
	"build/deb/mailauthctl_$(sed -nE 's/^VERSION := //p' Makefile)_$(dpkg --print-architecture).deb"

# A checkout of somebody else's, in another folder, and without git.
copy() {
	mkdir "$scratch/elsewhere"
	tests/lib/files | tar --null -T - -c | tar -x -C "$scratch/elsewhere"
	[ "$(id -u)" != 0 ] || { chmod 0755 "$scratch" && chown -R nobody "$scratch/elsewhere"; }
}
as_somebody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent "$@"
	else
		"$@"
	fi
}
if git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	copy
	ok "an unpacked archive, not root" as_somebody "$make" -s -C "$scratch/elsewhere" deb
	is "the same octets" "$(sha256sum <"$scratch/elsewhere/$package")" "$(sha256sum <"$package")"
fi

# ---- what is in it -------------------------------------------------------------------------------

# Debian's own beside the Makefile's table; manual pages are compressed there, and the shell zsh has
# another folder.
dpkg --fsys-tarfile "$package" | tar -tf - | sed -n 's|^\.\(/.*[^/]\)$|\1|p' |
	sed 's|^\(/usr/share/man/.*\)\.gz$|\1|' | LC_ALL=C sort >"$scratch/inside"
{
	"$make" -s --no-print-directory list-installed PREFIX=/usr | cut -d' ' -f2- |
		sed 's|/zsh/site-functions/|/zsh/vendor-completions/|'
	printf '%s\n' /etc/cron.d/mailauthctl /lib/systemd/system/{mailauth-policyd.{service,socket},mailauthctl.timer} \
		/lib/systemd/system/mailauthctl-{export,push}.service \
		/usr/share/doc/mailauthctl/{NEWS.md.gz,README.md.gz,changelog.gz,copyright}
} | LC_ALL=C sort >"$scratch/wanted"
is "it holds what make install installs, units, crontab, documents" "$(cat "$scratch/inside")" "$(cat "$scratch/wanted")"
is "all of it root's, written by nobody else" \
	"$(dpkg -c "$package" | grep -vE '^[-dl]rwx?r?-?-?[-rx]*[ ]+root/root ' | head -5)" ""
is "mailauth-policyd is looked for where it is" \
	"$(dpkg --fsys-tarfile "$package" | tar -xOf - ./usr/sbin/mailauthctl | grep -aoE '/usr/[a-z/]*libexec/mailauthctl/mailauth-policyd' | sort -u)" \
	/usr/libexec/mailauthctl/mailauth-policyd
is "the one file that dpkg asks about" "$(dpkg-deb --ctrl-tarfile "$package" | tar -xOf - ./conffiles)" /etc/cron.d/mailauthctl

if command -v lintian >/dev/null; then
	lintian_says() { # on what it fails
		LC_ALL=C.UTF-8 lintian --allow-root --fail-on "$1" "${package%.deb}.changes"
	}
	ok "lintian: no error" lintian_says error
	if [ -d man ]; then
		ok "lintian: no warning" lintian_says warning
	else
		skip "lintian: no warning" "there are no manual pages"
	fi
else
	skip "lintian: no error" "lintian is missing; as root: debian/setup.sh install"
fi
done_testing
