#!/usr/bin/env bash
# `make install` and `make uninstall` for several PREFIX values, and what of the Debian package can be
# seen without building it.  Everything happens below a temporary DESTDIR.
#
# usage: tests/install/installed.sh    (in the top folder, with bin/ built)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
make=${MAKE:-make}
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
umask 022

# ---- make install, make uninstall ----------------------------------------------------------------

# With what was built already: -o all.
run_make() { "$make" -s --no-print-directory -o all "$@" PREFIX="$prefix" DESTDIR="$top" </dev/null; }
tree() { (cd "$top" && find . -printf '%m %y %p\n' | LC_ALL=C sort); }
files() { (cd "$top" && find . -type f -printf '%04m /%P\n' | LC_ALL=C sort); }
runs() { "$top$prefix/sbin/mailauthctl" "$@"; }

for prefix in /usr/local /usr /opt/mail; do
	top=$scratch/top${prefix//\//-}
	mkdir -p "$top$prefix"/{bin,lib,sbin,share/man}
	before=$(tree)
	ok "make install PREFIX=$prefix" run_make install
	is "installs what the table lists, with its modes" "$(files)" \
		"$("$make" -s --no-print-directory list-installed PREFIX="$prefix" | LC_ALL=C sort)"
	ok "the installed program runs" runs --version
	ok "and helps" runs help
	ok "so does mailauth-policyd" "$top$prefix/libexec/mailauthctl/mailauth-policyd" --version
	ok "again, over itself" run_make install
	ok "make uninstall PREFIX=$prefix" run_make uninstall
	is "leaves nothing behind, no folder either" "$(tree)" "$before"
	ok "twice is no error" run_make uninstall

	run_make install
	echo other >"$top$prefix/sbin/other"
	echo other >"$top$prefix/libexec/mailauthctl/other"
	ok "beside files of others" run_make uninstall
	is "which stay" "$(files | grep -v '/other$'; cat "$top$prefix"/{sbin,libexec/mailauthctl}/other)" \
		"other
other"
done

# ---- the Debian package, as far as it is text ----------------------------------------------------

is "debian/changelog has the Makefile's version" \
	"$(sed -nE '1s/^mailauthctl \(([^)]*)\).*/\1/p' debian/changelog)" \
	"$(sed -nE 's/^VERSION := //p' Makefile)"
scripts="debian/mailauthctl.postinst debian/mailauthctl.prerm debian/mailauthctl.postrm"
if command -v shellcheck >/dev/null; then
	# shellcheck disable=SC2086 # words
	ok "maintainer scripts pass shellcheck" shellcheck -s sh $scripts
else
	skip "maintainer scripts pass shellcheck" "shellcheck is not installed"
fi
is "and are scripts of sh" \
	"$(for script in $scripts; do head -1 "$script"; done | sort -u)" "#!/bin/sh"

# Five fields, the account, a command that sh takes; variables; comments.
crontab_line() {
	local field='[0-9*/,-]+' line
	while IFS= read -r line; do
		case $line in
		'' | '#'* | [A-Z]*=*) continue ;;
		esac
		[[ $line =~ ^(${field}[[:space:]]+){5}root[[:space:]]+(.*)$ ]] || { echo "no crontab line: $line"; return 1; }
		case ${BASH_REMATCH[2]} in
		*%*) echo "cron makes line ends of %: $line"; return 1 ;;
		esac
		sh -nc "${BASH_REMATCH[2]}" || return 1
	done <"$1"
}
ok "the crontab is one" crontab_line debian/mailauthctl.cron.d
is "it ends in a line end" "$(tail -c1 debian/mailauthctl.cron.d | od -An -c | tr -d ' ')" '\n'

# The same two commands wherever a timer runs them, and the program takes them.
commands() { grep -ohE 'mailauthctl (zone export --all|mta push --quiet --scheduled)' "$@" | LC_ALL=C sort -u; }
wanted="mailauthctl mta push --quiet --scheduled
mailauthctl zone export --all"
is "crontab: what it runs" "$(commands debian/mailauthctl.cron.d)" "$wanted"
is "units: what they run" "$(commands debian/mailauthctl.*.service)" "$wanted"
is "README: what a crontab runs" "$(sed -n '/^## Cron/,/^## [^C]/p' README.md >"$scratch/cron" &&
	commands "$scratch/cron")" "$wanted"
while read -r _ words; do
	mkdir -p "$scratch/root"
	# shellcheck disable=SC2086 # words
	is "$words: quiet where there is nothing" \
		"$(bin/mailauthctl --root "$scratch/root" $words 2>&1; echo $?)" 0
done <<<"$wanted"

# Units, with the programs where the package puts them.
check_units() {
	local units=$scratch/units/etc/systemd/system file name
	mkdir -p "$units" "$scratch/units/usr/sbin" "$scratch/units/usr/libexec/mailauthctl"
	cp bin/mailauthctl "$scratch/units/usr/sbin/"
	cp bin/mailauth-policyd "$scratch/units/usr/libexec/mailauthctl/"
	for name in sysinit.target basic.target shutdown.target sockets.target timers.target -.slice system.slice \
		network.target nss-lookup.target; do
		printf '[Unit]\nDefaultDependencies=no\n' >"$units/$name"
	done
	rm -f "$units"/*.slice
	for file in debian/mailauthctl.*.service debian/mailauthctl.*.socket debian/mailauthctl.timer; do
		name=${file#debian/mailauthctl.}
		[ "$name" != timer ] || name=mailauthctl.timer
		cp "$file" "$units/$name"
		names+=("$name")
	done
	# --man=no is not enough for it: it looks for manual pages that are not installed here.
	sed -i '/^Documentation=/d' "$units"/*.service "$units"/*.socket "$units"/*.timer
	# What it does not know it only warns of.
	systemd-analyze --root="$scratch/units" verify "${names[@]}" >"$scratch/verify" 2>&1 &&
		[ ! -s "$scratch/verify" ] || {
		cat "$scratch/verify"
		return 1
	}
}
names=()
if command -v systemd-analyze >/dev/null; then
	ok "systemd-analyze verify" check_units
else
	skip "systemd-analyze verify" "systemd is not installed"
fi
done_testing
