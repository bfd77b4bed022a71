#!/usr/bin/env bash
# Proves that includes point to the left only and that each library has its owner, and that the
# proof notices when they do not; and that every test is in a list of those that are run.
#
# usage: tests/layers.sh        the checks, as TAP
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib/tap.sh

table=$PWD/CONTRIBUTING.md script=$PWD/tests/layers.py

c_files() { find core dnszone cli tests/unit tests/fuzz -name '*.[ch]' | sort; }
check_tree() { c_files | xargs -d '\n' "$script" "$table"; }

# A tree of one good and one other file; the first line that is found wrong.
scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
fault() { # path, text
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/core/base" "$scratch/tree/$(dirname "$1")"
	printf '#include <stdint.h>\n' >"$scratch/tree/core/base/good.h"
	printf '#include "core/base/good.h"\n\n#include <stdio.h>\n' >"$scratch/tree/core/base/good.c"
	printf '#include "core/base/good.h"\n' >"$scratch/tree/core/base/other.h"
	printf '%b' "$2" >"$scratch/tree/$1"
	(cd "$scratch/tree" &&
		find . -name '*.[ch]' -printf '%P\n' | sort | xargs "$script" "$table" | head -1)
}

# What is open yet, one fault a line: nothing joins it, and what was mended leaves it.
is "the tree keeps to the tables of CONTRIBUTING.md" "$(check_tree)" \
	"$(cat tests/layers.open 2>/dev/null)"

# A test in no list passes for ever.  Names that stand on one side only.
unlisted() { # from standard input: "1 NAME" of the list, "2 NAME" of the folder
	sort -u | awk '{ sides[$2] = sides[$2] $1 } END { for (name in sides) if (sides[name] != "12") print name }'
}
listed() { ${MAKE:-make} -s --no-print-directory "list-$1" | sed "s|.*/|1 |"; }
is "every unit test is in the Makefile's unit_tests" \
	"$({ listed unit; find tests/unit -name 'test_*.c' -printf '2 %f\n' | sed 's/\.c$//'; } | unlisted)" ""
fuzz_files() { find tests/fuzz -name 'fuzz_*.c' -printf '2 %f\n' | sed 's/\.c$//'; }
is "every fuzz target is in the Makefile's fuzz_tests" "$({ listed fuzz; fuzz_files; } | unlisted)" ""
is "every fuzz target has seeds" \
	"$({ find tests/fuzz/corpus -mindepth 2 -type f -printf '1 fuzz_%h\n' | sed 's|_.*/|_|'; fuzz_files; } | unlisted)" ""
# All but what the others read or are started by.
is "every end-to-end script is in the list of tests/run.sh" \
	"$({ sed -nE 's/.*\$\{E2E:-([^}]*)\}.*/\1/p' tests/run.sh | tr ' ' '\n' | sed 's/^/1 /'
		find tests/e2e -name '*.sh' ! -name lib.sh ! -name batch.sh ! -name run.sh ! -name setup.sh -printf '2 %f\n' |
			sed 's/\.sh$//'; } | unlisted)" ""

while IFS='|' read -r path text wanted; do
	is "in $path, $text" "$(fault "$path" "$text")" "$wanted"
done <<'ROWS'
core/base/x.c|#include "core/base/good.h"\n|
core/base/x.c|#include "cli/out/out.h"\n|core/base/x.c:1: core/base may not include cli ("cli/out/out.h")
dnszone/name/x.c|#include <time.h>\n#include "core/model/key/key.h"\n|dnszone/name/x.c:2: dnszone may not include core/model ("core/model/key/key.h")
core/store/x.h|#include "dnszone/name/name.h"\n|core/store/x.h:1: core/store may not include dnszone ("dnszone/name/name.h")
core/model/key/x.c|#include "core/store/store_inner.h"\n|core/model/key/x.c:1: "core/store/store_inner.h" is private to core/store
cli/cmd/x.c|#include <sqlite3.h>\n|cli/cmd/x.c:1: <sqlite3.h> has no owner in cli
core/base/good.h|#include "core/base/other.h"\n|core/base/good: a circle of files: core/base/good core/base/other
core/store/x.c|#include <sqlite3.h>\n|core/store/x.c:1: <sqlite3.h> belongs to migrate.c stmt.c store.c alone
core/store/store.h|#include <sqlite3.h>\n|core/store/store.h:1: <sqlite3.h> in a header of ours
core/model/key/key_crypto.c|#include <openssl/evp.h>\n|
core/model/key/key.c|#include <openssl/evp.h>\n|core/model/key/key.c:1: <openssl/evp.h> belongs to key_crypto.c alone
core/store/store.c|#include <sqlite3.h>\n|
cli/cmd/x.c|#include <curl/curl.h>\n|cli/cmd/x.c:1: <curl/curl.h> has no owner in cli
cli/cmd/x.c|#include "out.h"\n|cli/cmd/x.c:1: "out.h" does not start with a folder of the table
core/base/good.c|#include <stdio.h>\n#include "core/base/good.h"\n|core/base/good.c:1: the first include is not its own header "core/base/good.h"
other/x.c|int x;\n|other/x.c:1: its folder is not in the table of CONTRIBUTING.md
core/mta/plan/x.c|#include "core/mta/push/push.h"\n|core/mta/plan/x.c:1: core/mta/plan may not include core/mta/push ("core/mta/push/push.h")
core/mta/postfix/x.c|#include "core/mta/engine/engine.h"\n|core/mta/postfix/x.c:1: core/mta/postfix may not include core/mta/engine ("core/mta/engine/engine.h")
core/mta/push/x.c|#include "core/mta/engine/engine.h"\n|
core/mta/x.c|int x;\n|core/mta/x.c:1: its folder is not in the table of CONTRIBUTING.md
cli/cmd/x.c|#include "db/schema.sql.inc"\n|
core/mta/plan/x.c|int x;\n/* as Postfix does */\n|core/mta/plan/x.c:2: "postfix" is the word of another room
core/mta/push/registry.c|int postfix;\n|
core/mta/provider/x.c|int postfix;\n|
ROWS
done_testing
