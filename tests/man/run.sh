#!/usr/bin/env bash
# The manual: lint, completeness, width, the texts of `help`, and what the generator refuses.  That
# its examples work is tests/e2e/examples.sh.
#
# usage: tests/man/run.sh BUILD       the folder with mailauthctl, manref and man/
set -u
build=$(realpath "$1")
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
pages="mailauthctl.8 mailauthctl-settings.5 mailauthctl-template.5 mailauth-policyd.8"
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
m() { env -u MAILAUTHCTL_DB "$build/mailauthctl" --root "$scratch" "$@"; }

# ---- the pages -------------------------------------------------------------------------------

# Pages of other programs need not be installed where this runs; ours are looked for below.
lint() { mandoc -T lint -W all "$build/man/$1" | grep -v ': STYLE: referenced manual not found: '; }
# mandoc knows the sections' English names alone, and counts the octets of a line.
lint_translation() {
	lint "$1" | grep -vE 'first section is not "NAME"|description line outside NAME section|possible typo in section name|input text line longer than 80 bytes'
}
groff_warnings() { LC_ALL=C.UTF-8 MANROFFOPT=-ww MANWIDTH=80 man --warnings=all -l "$build/man/$1" 2>"$scratch/groff" >/dev/null; cat "$scratch/groff"; }
# As the program has it: without what terminals do with backspaces.
rendered() { # page, output
	mandoc -T "$2" -O width=78 -I os="$(m --version)" "$build/man/$1" | LC_ALL=C.UTF-8 sed 's/.\x08//g'
}
cross_references() {
	local name section
	sed -nE 's/^\.Xr (mailauth[a-z-]*) ([0-9]).*/\1 \2/p' "$build"/man/*.[58] | sort -u |
		while read -r name section; do
			[ -f "$build/man/$name.$section" ] || echo "$name($section)"
		done
}

for page in $pages; do
	is "$page: mandoc finds nothing" "$(lint "$page")" ""
	if command -v man >/dev/null && command -v groff >/dev/null; then
		is "$page: nor does groff" "$(groff_warnings "$page")" ""
	else
		skip "$page: nor does groff" "man-db and groff are not installed"
	fi
	ok "$page: no line is wider than 80" [ "$(rendered "$page" utf8 | LC_ALL=C.UTF-8 wc -L)" -le 80 ]
	topic=${page#mailauthctl-}
	topic=${topic#mailauth-}
	is "help ${topic%.*}: the same text" \
		"$(LC_ALL=C.UTF-8 m help "${page%.*}")" "$(rendered "$page" utf8)"
	is "help ${topic%.*}: ASCII where the locale knows no more" \
		"$(LC_ALL=C m help "${page%.*}")" "$(rendered "$page" ascii)"
	ok "which is ASCII" [ -z "$(LC_ALL=C m help "${page%.*}" | LC_ALL=C grep -a '[^ -~]')" ]
	# a noun of that name has its commands there
	LC_ALL=C m help "${topic%.*}" | grep -q 'for the options of a command' ||
		is "help ${topic%.*} ends with it" \
			"$(LC_ALL=C m help "${topic%.*}" | tail -3)" "$(rendered "$page" ascii | tail -3)"
done
is "pages of ours that are named are there" "$(cross_references)" ""

# What a page refers to as a section of its own.
lacking_sections() {
	local heading
	sed -nE 's/^.*\<Sx (.*[^ .,;)]) ?[.,;)]?$/\1/p' "$build/man/$1" | sort -u | while read -r heading; do
		cat "$build/man/${1%/*}"/*.[58] | grep -qxE "\.S[hs] (\\\\&)?$heading" || echo "$heading"
	done
}
for page in $pages; do
	for file in "$build"/man/*/"$page"; do
		page=${file#"$build/man/"}
		is "$page: mandoc finds nothing" "$(lint_translation "$page")" ""
		ok "$page: no line is wider than 80" [ "$(rendered "$page" utf8 | LC_ALL=C.UTF-8 wc -L)" -le 80 ]
		is "$page: the sections that it names are there" "$(lacking_sections "$page")" ""
		ok "$page: ASCII where the locale knows no more" [ -z "$(rendered "$page" ascii | LC_ALL=C grep -a '[^ -~]')" ]
	done
done

# ---- everything is in them -------------------------------------------------------------------

has() { LC_ALL=C m help "$1" | grep -qE -- "$2"; }
nouns() { m help | sed -n '/^Commands:/,/^$/p' | sed -nE 's/^  ([a-z]+).*/\1/p' | grep -v '^help$'; }
commands() {
	local noun
	for noun in $(nouns); do
		m "$noun" --help | sed -nE "s/^  ($noun( [a-z-]+)?).*/\1/p; s/^usage: mailauthctl ($noun) ?([^<]|$).*/\1/p"
	done
}
options() { { m help; commands | while read -r command; do m help $command; done; } | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u; }
all_in() { # page, pattern with %s, names...
	local page=$1 pattern=$2 name pattern_of lacking=
	shift 2
	LC_ALL=C m help "$page" >"$scratch/text"
	for name; do
		# shellcheck disable=SC2059 # the pattern is the format
		pattern_of=$(printf "$pattern" "${name//./\\.}")
		grep -qE -- "$pattern_of" "$scratch/text" || lacking="$lacking $name"
	done
	[ $# -gt 0 ] && [ -z "$lacking" ] || { echo "not in $page:$lacking"; return 1; }
}
mapfile -t rows < <(commands | sort -u)
mapfile -t settings < <(m --json server describe | jq -r '.[].setting')
mapfile -t codes < <(grep -hoE '"(spf|dmarc|dkim|zone)-[a-z0-9-]+", LINT_' dnszone/*/*.c | cut -d'"' -f2)
mapfile -t placeholders < <(sed -nE 's/^\t\[[A-Z0-9]+\] = \{ "([a-z0-9]+)", N_.*/\1/p' dnszone/name/placeholder.c)
# shellcheck disable=SC2046 # words
{
	ok "every command (${#rows[@]})" all_in mailauthctl '^     %s( |$)' "${rows[@]}"
	ok "every option" all_in mailauthctl '^ +(-[a-z], )?%s( |$)' $(options)
	ok "every setting (${#settings[@]})" all_in mailauthctl-settings '^   %s$' "${settings[@]}"
	ok "every lint code (${#codes[@]})" all_in mailauthctl '^     %s \(' "${codes[@]}"
	ok "every placeholder" all_in mailauthctl-template '^     <%s>' "${placeholders[@]}"
	ok "every mail server" all_in mailauthctl '^     %s +(yes|no|by hand)' $(m --json mta backends | jq -r '.[].backend')
	ok "every option of mailauth-policyd" all_in mailauth-policyd '^     %s( |$)' \
		$("$build/mailauth-policyd" --help | grep -oE '^ +--[a-z-]+')
	ok "every key of its settings" all_in mailauth-policyd '%s' \
		$(sed -nE 's/^\t\{ "([a-z-]+)", [A-Z]+, AT.*/\1/p' dnszone/verify/policyd_settings.c)
}
lacking=
for setting in "${settings[@]}"; do
	[ "$(m help "$setting" | head -1)" = "$setting" ] && [ "$(m help "$setting" | wc -l)" -ge 6 ] ||
		lacking="$lacking $setting"
done
is "help of each setting" "$lacking" ""

# ---- the generator ---------------------------------------------------------------------------

# Its messages for a page and sections that are made of ours by the given commands of sed.
faults() { # of the page, of the sections
	sed -E "$1" man/mailauthctl-settings.5.in >"$scratch/page"
	sed -E "$2" man/settings.mdoc >"$scratch/sections"
	"$build/manref" page "$scratch/page" "$scratch/sections" 2>&1 >/dev/null | sed "s|$scratch/||"
}
is "manref takes the page" "$(faults '' '')" ""
is "not without a section" "$(faults '' '/^\.." = spf.mode$/s/spf/xpf/')" \
	'manref: page: no section for the setting "spf.mode"
manref: sections: nothing has the name "xpf.mode"'
is "not without a group" "$(faults '/^@settings srs@/d' '' | grep -c 'does not show the setting "srs')" 4
is "not with one twice" "$(faults 's/^@settings srs@/&\n&/' '' | sort -u | head -1)" \
	'manref: page: shown twice: "srs.domain"'
is "not with a table that there is not" "$(faults 's/^@settings -@/&\n@tables@/' '')" \
	'manref: page: there is no table "tables"'
fails "and says so by its status" "$build/manref" page "$scratch/page" "$scratch/sections"
done_testing
