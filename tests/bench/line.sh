# Sourced by the scripts of the bench: how figures are printed and compared.
# shellcheck shell=bash
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
milli() { awk -v a="$1" 'BEGIN { printf "%.1f ms", a * 1000 }'; }
# what, measured, wanted, "yes" when it holds
line() { printf '%-58s %-34s %-18s %s\n' "$1" "$2" "$3" "$4"; }
holds() { awk -v a="$1" -v op="$2" -v b="$3" 'BEGIN {
	print (op == "<=" ? a <= b : a >= b) ? "yes" : "NO" }'; }
