# Sourced by test scripts: results in TAP, one line each, as prove and others read them.
#
#   ok "name" COMMAND...      passes when the command succeeds; its output is shown when it does not
#   fails "name" COMMAND...   passes when it fails
#   is "name" GOT WANTED      passes when both texts are the same
#   skip "name" "why"
#   done_testing              the plan line; exit status 1 when something failed
# shellcheck shell=bash

tap_count=0 tap_failed=0

tap_result() { # "ok" or "not ok", name, and what to show
	tap_count=$((tap_count + 1))
	printf '%s %d - %s\n' "$1" "$tap_count" "$2"
	[ "$1" = ok ] && return
	tap_failed=$((tap_failed + 1))
	[ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /' | head -40
}

ok() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name" "$* (exit status $?)
$out"
	fi
}

fails() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		tap_result "not ok" "$name" "succeeded: $*
$out"
	else
		tap_result ok "$name"
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		tap_result ok "$1"
	else
		tap_result "not ok" "$1" "$(diff -u <(printf '%s\n' "$3") <(printf '%s\n' "$2") |
			sed -e '1s/.*/--- wanted/' -e '2s/.*/+++ got/')"
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

done_testing() {
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" = 0 ]
}
