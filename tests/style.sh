#!/usr/bin/env bash
# Format of the C files, shellcheck of the shell parts, no white space at line ends.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/lib/tap.sh

# Every tracked or not ignored file; without git (an unpacked archive): every file.
files() {
	if git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -co --exclude-standard
	else
		find . -type f -not -path './build/*' -not -path './bin/*' \
			-not -path './quickstart/*' -printf '%P\n'
	fi | while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

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

check_format() { c_files | xargs -d '\n' -n 20 -P "$(nproc)" clang-format --dry-run -Werror; }
check_shell() { shell_files | xargs -d '\n' shellcheck -x -S warning -P tests/lib -P tests/e2e; }
check_white() { ! files | grep -vE '\.(out|png)$' | xargs -d '\n' grep -InE '[[:blank:]]+$'; }

if command -v clang-format >/dev/null; then
	ok "C files are as .clang-format says" check_format
else
	skip "C files are as .clang-format says" "clang-format is not installed"
fi
if command -v shellcheck >/dev/null; then
	ok "shell scripts pass shellcheck" check_shell
else
	skip "shell scripts pass shellcheck" "shellcheck is not installed"
fi
ok "no white space at line ends" check_white
done_testing
