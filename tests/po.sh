#!/usr/bin/env bash
# Languages: every message is translated, and nothing but what people read is.
#
# A program that finds the catalogues of the build folder runs in Spanish, and in a made-up language
# in which each message begins with a mark, so that a message in the wrong place can be seen.  No
# locale is installed: es_ES is a copy of C.UTF-8 in a folder that LOCPATH names.
#
# usage: tests/po.sh BUILD-FOLDER     (the pot, the catalogues, tests/lib/mailauthctl_here are there)
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib/tap.sh

build=${1:?usage: tests/po.sh BUILD-FOLDER}
pot=$build/po/mailauthctl.pot
program=$(realpath "$build/tests/lib/mailauthctl_here") policyd=$(realpath "$build/mailauth-policyd")
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT

# ---- the catalogues ---------------------------------------------------------------------------

for po in po/*.po; do
	language=$(basename "$po" .po)
	ok "$language: every message has its translation, and nothing else has" \
		tests/lib/po_check.py "$po" "$pot"
	ok "$language: msgfmt finds no fault" msgfmt --check -o /dev/null "$po"
	ok "$language: is in the Makefile's list" test -f "$build/locale/$language/LC_MESSAGES/mailauthctl.mo"
done

for po in man/*.po; do
	language=$(basename "$po" .po)
	ok "the manual, $language: every paragraph has its translation, and nothing else has" \
		tests/lib/po_check.py "$po" "$build/po/manual.pot"
	ok "the manual, $language: msgfmt finds no fault" msgfmt --check-format -o /dev/null "$po"
	is "the manual, $language: no page has English words of manref's own" \
		"$(grep -hE '^\.Ss Other commands|^\.It (Values|Default|Scope):' "$build/man/$language"/*)" ""
done

# Each kind of fault is one.
spoil() { # name, sed script
	sed -E "$2" po/es.po >"$scratch/spoilt.po"
	if cmp -s po/es.po "$scratch/spoilt.po"; then
		tap_result "not ok" "$1" "the sed script changes nothing"
		return
	fi
	fails "$1 is a fault" tests/lib/po_check.py "$scratch/spoilt.po" "$pot"
}
spoil "a message without translation" '/^msgid "warning: "/{n;s/".*"/""/}'
spoil "a fuzzy message" '/^msgid "unknown option \\"%s\\""/i #, fuzzy'
spoil "a message that the code does not have" 's/^msgid "warning: "/msgid "warning! "/'
spoil "another conversion" '/^msgid "option %s does not accept a value"/{n;s/%s/%d/}'
spoil "a conversion that is missing" '/^msgid "option %s does not accept a value"/{n;s/%s//}'
spoil "a translated option" '/^msgid "the same as --format json"/{n;s/--format/--formato/}'
spoil "a blank that is missing" '/^msgid "warning: "/{n;s/ "$/"/}'
{ cat po/es.po; printf '\n#~ msgid "gone"\n#~ msgstr "ido"\n'; } >"$scratch/spoilt.po"
fails "an obsolete message is a fault" tests/lib/po_check.py "$scratch/spoilt.po" "$pot"
spoil_manual() { # name, what the fault is called, sed script
	sed -E "$3" man/es.po >"$scratch/spoilt.po"
	is "the manual: $1 is a fault" "$(tests/lib/po_check.py "$scratch/spoilt.po" "$build/po/manual.pot" | grep -o "^$2" | head -1)" "$2"
}
spoil_manual "a paragraph without translation" "no translation" '/^msgid "Periodic tasks"/{n;s/".*"/""/}'
spoil_manual "a paragraph that changed in English" "no translation" 's/^"Every change passes/"Each change passes/; s/^msgid "Every change passes/msgid "Each change passes/'
spoil_manual "a translated name of a command" "another number of" '/^msgstr/,/^$/s/^"\.Ic mta adopt \./".Ic mta adoptar ./'
spoil_manual "a reference that is missing" "another number of" '/^msgstr/,/^$/s/^"\.Xr mailauth-policyd 8 \./".Xr mailauthctl 8 ./'

# The Makefile's list of files has all that have messages; those of manref are in the manual's.
messages_of() { msgcat --no-location --no-wrap --sort-output - | grep -v '^[#"]'; }
all_messages() {
	find cli core dnszone -name '*.[ch]' ! -path 'cli/line/manref*' -print0 | sort -z | xargs -0 \
		xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ -o - |
		sed 's/CHARSET/UTF-8/' | messages_of
}
is "no file with messages is left out" "$(sed 's/CHARSET/UTF-8/' "$pot" | messages_of)" "$(all_messages)"

# xgettext takes a message up to a macro in it, which then is found nowhere.
macros_in_messages() {
	! grep -Pzo '\bN?_\(\s*("(\\.|[^"\\])*"\s*|PRI\w+\s*)+(?!PRI)[A-Z_]\w*' \
		cli/*/*.c core/*/*.c core/*/*/*.c dnszone/*/*.c
}
ok "no message is cut by a macro" macros_in_messages

# ---- Spanish ----------------------------------------------------------------------------------

locales=$scratch/locales
mkdir -p "$locales"
for folder in /usr/lib/locale/C.utf8 /usr/lib/locale/C.UTF-8; do
	[ ! -d $folder ] || cp -rL $folder "$locales/es_ES.utf8"
done
if [ ! -d "$locales/es_ES.utf8" ]; then
	skip "Spanish messages" "no C.UTF-8 to make a locale of"
	done_testing
	exit
fi
# The mark comes first, but behind a line break.
# msgen of gettext 0.23 says ASCII, whatever it read.
two_forms='s/nplurals=INTEGER; plural=EXPRESSION/nplurals=2; plural=(n != 1)/'
mkdir -p "$build/locale/xx/LC_MESSAGES"
marked_catalogue() {
	sed -e 's/CHARSET/UTF-8/; s/^"Language: /&xx/' -e "$two_forms" "$pot" | msgen - | awk '
		/^msgstr/ { is_unmarked = headers++ > 0 }
		is_unmarked && /^(msgstr(\[[01]\])? )?"/ && !/^(msgstr(\[[01]\])? )?"(\\n)?"$/ { sub(/"/, "\"¤"); is_unmarked = 0 }
		{ sub(/charset=ASCII/, "charset=UTF-8"); print }' |
		msgfmt -o "$build/locale/xx/LC_MESSAGES/mailauthctl.mo" -
}
ok "a language of marked messages" marked_catalogue

# Prints what a command says, both streams, and its exit status.
in_language() { # language, root, words...
	local language=$1 root=$2 status=0
	shift 2
	run_in "$language" "$program" --root "$root" "$@" || status=$?
	echo "exit $status"
}
run_in() { # language, command...
	local environment=(LC_ALL=es_ES.UTF-8)
	case $1 in
	en) environment=(LC_ALL=C.UTF-8) ;;
	xx) environment+=(LANGUAGE=xx) ;;
	esac
	shift
	env -i PATH="$PATH" TZ=UTC LOCPATH="$locales" ASAN_OPTIONS="${ASAN_OPTIONS:-}" \
		"${environment[@]}" "$@" 2>&1 </dev/null
}
says() { # name, wanted line, words...
	local name=$1 wanted=$2
	shift 2
	is "$name" "$(in_language es "$scratch/says" "$@" | sed "s|$scratch|SCRATCH|g" | grep -oF -- "$wanted" | head -1)" "$wanted"
}
mkdir -p "$scratch/says"
says "help" "uso: mailauthctl server set <setting> <value> [<setting> <value>]..." help server set
says "an overview" "Órdenes:" help
says "an error" 'mailauthctl: orden desconocida "sever"; ¿quería decir "server"?' sever
says "a heading" "Ajuste" server list
says "a title of a field" "Significado:" server describe spf.mode
says "a warning" "mailauthctl: aviso: " server set spf.mode reject-fail dkim.verify on spf.check on dmarc.check on
# A number that is 1 has a form of its own.
counted() { # language, domains... : the message that counts them
	local root=$scratch/counted.$1.$#
	mkdir -p "$root"
	in_language "$1" "$root" --quiet domain add "${@:2}" >/dev/null
	in_language "$1" "$root" template add www A 192.0.2.1 | grep -oE '(update|actualizar) .* exist[a-z]*( domains?)?'
}
is "one domain" "$(counted en a.example)" "update the 1 existing domain"
is "... two" "$(counted en a.example b.example)" "update the 2 existing domains"
is "... in Spanish" "$(counted es a.example)" "actualizar el 1 dominio existente"
is "... two" "$(counted es a.example b.example)" "actualizar los 2 dominios existentes"
says "the rules of the manual" "reglas de conjetura" server describe spf.guess-rules
says "a page" "ajustes del servidor y de los dominios" help settings
says "a setting's section" "Valores:" help spf.mode
says "... and its text" "Cada modo incluye los inferiores." help spf.mode
is "LANGUAGE alone, beside LC_ALL=C, says nothing" \
	"$(env -i LC_ALL=C LANGUAGE=es "$program" sever 2>&1)" "$("$program" sever 2>&1)"
is "no line of help is wider than a terminal" \
	"$(for noun in '' server domain key template record zone spf mta audit db; do
		# shellcheck disable=SC2086 # no noun: no word
		run_in es "$program" help $noun
	done | LC_ALL=C.UTF-8 grep -E '^.{81}' | grep -v '^  [a-z -]* [[<]')" ""

# ---- for programs: English ---------------------------------------------------------------------

same_for_programs() { # words...
	local format
	for format in --json "--format json" "--format=json" "--format tsv" "--format=tsv"; do
		# shellcheck disable=SC2086 # two words
		is "$* $format: not a word is translated" "$(in_language xx "$scratch/same" "$@" $format)" \
			"$(in_language en "$scratch/same" "$@" $format)"
	done
}
mkdir -p "$scratch/same"
same_for_programs server describe spf.mode
same_for_programs server sett spf.mode on
same_for_programs server set spf.mode --no-such-option
same_for_programs --wait x mta plan
same_for_programs spf check --ip 192.0.2.1 --from user@example.com --zone /nonexistent
for words in "config schema" "config export -" "completion bash" "zone show --bogus --json"; do
	# shellcheck disable=SC2086 # words
	is "$words: not a word is translated" "$(in_language xx "$scratch/same" $words)" \
		"$(in_language en "$scratch/same" $words)"
done
ok "a word behind \"--\" is no option" grep -q ¤ <(in_language xx "$scratch/same" server get -- --json)
ok "the last format holds" grep -q ¤ <(in_language xx "$scratch/same" server get x --json --format table)

# The same work in two languages: the same exit statuses, files and database.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$scratch/key.pem" 2>/dev/null
scenario() { # language, root
	local line
	mkdir -p "$2"
	while read -r line; do
		# shellcheck disable=SC2086 # words
		in_language "$1" "$2" $line | sed -n 's/^exit //p'
	done <<-END
		server set mta.hostname mx.example.com dns.ipv4 192.0.2.25 mta.backend directory
		server set zone.reload /nonexistent
		domain add example.com example.net
		domain add example.org --alias-of example.com
		key import example.com s1 --private $scratch/key.pem
		domain enable-dkim example.com
		key import example.net s1 --private $scratch/key.pem
		record set example.com t1 v=spf1 -all
		template add www.<domain>. A <ip>
		template apply --all
		zone export --all
		zone export --all
		mta adopt --yes
		server set dkim.verify on spf.check on dmarc.check on srs.enabled off
		server set spf.mode reject-softfail
		mta push
		mta rollback --yes
		mta push
		domain suspend example.net
		domain remove example.net
		domain get example.net mail
		zone export --all
	END
}
# What is there, without what differs from run to run.
tree() { # root
	local file
	find "$1" -type f | sort | while read -r file; do
		echo "== ${file#"$1"/}"
		case $file in
		*.db) sqlite3 "$file" .dump ;;
		*-wal | *-shm) ;;
		*) tr -d "\\0" <"$file" ;;
		esac
	done | sed -E -e "s|$1||g" -e 's/\b[0-9]{10}\b/TIME/g' -e "s/X?'[0-9a-f]{16,}'|-?[0-9]{15,}/RANDOM/g" \
		-e 's/^(INSERT INTO (owned|export_file) .*,RANDOM),[0-9]+,/\1,INODE,/'
}
scenario en "$scratch/en" >"$scratch/en.status"
scenario xx "$scratch/xx" >"$scratch/xx.status"
is "the same exit statuses" "$(cat "$scratch/xx.status")" "$(cat "$scratch/en.status")"
ok "... and the work was done" grep -qx 0 "$scratch/en.status"
is "no file and no row holds a translated word" "$(tree "$scratch/xx" | grep -n ¤)" ""
if command -v sqlite3 >/dev/null; then
	is "the same files and rows" "$(tree "$scratch/xx")" "$(tree "$scratch/en")"
else
	skip "the same files and rows" "no sqlite3 here"
fi

# ---- what a caller cannot do --------------------------------------------------------------------

mkdir -p "$scratch/evil/LC_MESSAGES"
cp "$build/locale/xx/LC_MESSAGES/mailauthctl.mo" "$scratch/evil/LC_MESSAGES/"
up=$(printf '../%.0s' {1..20})
is "LANGUAGE leads to no folder of the caller's" \
	"$(env -i LC_ALL=es_ES.UTF-8 LOCPATH="$locales" LANGUAGE="$up${scratch#/}/evil" "$program" sever 2>&1)" \
	"$(run_in es "$program" sever)"
is "through sudo, LOCPATH does not count" \
	"$(env -i SUDO_UID="$(id -u nobody)" LC_ALL=es_ES.UTF-8 LOCPATH="$locales" LANGUAGE=xx "$program" sever 2>&1)" \
	"$(env -i LC_ALL=C.UTF-8 "$program" sever 2>&1)"
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	LC_ALL=C strace -qq -o "$scratch/trace" "$program" help >/dev/null
	is "without a language no catalogue is looked for" "$(grep -F .mo\" "$scratch/trace")" ""
	run_in es strace -qq -o "$scratch/trace" "$program" --json server list >/dev/null
	is "... nor for JSON" "$(grep -F .mo\" "$scratch/trace")" ""
else
	skip "without a language no catalogue is looked for" "no strace here"
fi
policyd_knows_no_locale() { ! nm -D "$policyd" | grep -E 'setlocale|textdomain'; }
ok "mailauth-policyd has no locale and no catalogue" policyd_knows_no_locale
is "... and says the same in every language" "$(run_in xx "$policyd" --help)" "$(run_in en "$policyd" --help)"
rm -rf "$build/locale/xx"
done_testing
