#!/usr/bin/env bash
# Format of the C files, shellcheck of the shell parts, no white space at line ends.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib/tap.sh

files() { tests/lib/files | tr '\0' '\n'; }
c_files() { files | grep -E '\.[ch]$'; }
# By name, or by what the first line says.
shell_files() {
	files | while IFS= read -r file; do
		case $file in
		*.sh | *.bash) printf '%s\n' "$file" ;;
		*.[a-z]*) ;;
		*) head -1 "$file" | grep -aqE '^#!.*\b(ba)?sh\b' && printf '%s\n' "$file" ;;
		esac
	done
}

# Each version of clang-format has a style of its own: this one judges.
format_version=14
find_format() {
	local program
	for program in clang-format-$format_version clang-format; do
		"$program" --version 2>/dev/null | grep -q "version $format_version\." || continue
		echo "$program"
		return
	done
}
clang_format=$(find_format)
check_format() { c_files | xargs -d '\n' -n 20 -P "$(nproc)" "$clang_format" --dry-run -Werror; }
check_shell() { shell_files | xargs -d '\n' shellcheck -x -S warning -P tests/lib -P tests/e2e; }
check_white() { ! files | grep -vE '\.(out|png)$' | xargs -d '\n' grep -InE '[[:blank:]]+$'; }

if [ -n "$clang_format" ]; then
	ok "C files are as .clang-format says" check_format
else
	skip "C files are as .clang-format says" "clang-format $format_version judges, and is not installed"
fi
if command -v shellcheck >/dev/null; then
	ok "shell scripts pass shellcheck" check_shell
else
	skip "shell scripts pass shellcheck" "shellcheck is not installed"
fi
ok "no white space at line ends" check_white
done_testing
