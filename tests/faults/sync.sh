#!/bin/bash
# What must be on the disk before what: every file before the rename that puts it in its place, the
# folder after the rename, before the journal or the command goes on.  Reads the system calls of each
# command that writes files, once; a kill, which the other sweeps try, is no power cut.
#
# And how files are opened: nothing that is made is open to others before its content is whole, no link
# is followed where something is written, no descriptor goes on to another program.
#
# Below --root, where no server is told anything, and, with root, on a host with servers (host.sh).
#
#   tests/faults/sync.sh [PROGRAM]        (default: build/release/mailauthctl)
#
# Needs strace and bash.  Ends 0: nothing found, 1: findings (each is one line), 77: skipped.
set -u

here=$(dirname "$(realpath "$0")")
# shellcheck source=tests/faults/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/faults/host.sh
. "$here/host.sh"
part=${1:-}
if [ "$part" = --inside ]; then
	program=$2 work=$3 root=$3/root
	enter_host
else
	need_strace
	program=$(realpath "${1:-build/release/mailauthctl}")
	work=$(mktemp -d "$(fast_folder)/sync.XXXXXX") || exit 1
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	root=$work/root
	ctl() { "${tracer[@]}" "$program" --root "$root" "$@"; }
fi
commands=0

# One line for each fault of a trace.  `dirty`: content that is not on the disk; `moved`: a folder in
# which names were replaced or removed; `grown`: one with new names only, which may wait for the end.
# SQLite sees to its own files.
cat >"$work/judge.awk" <<'AWK'
function argument(text) { # the path of the first descriptor in it
	return match(text, /<[^>]*>/) ? substr(text, RSTART + 1, RLENGTH - 2) : ""
}
function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
function is_sqlite(path) {
	return path ~ /\.db(-wal|-shm|-journal)?$|\/etilqs_[0-9a-f]*$/ && path !~ /\/out\//
}
function is_nothing(path) { return path ~ /^\/(proc\/|dev\/[^\/]*$|dev\/pts\/)|\.(lock|heartbeat)$|\/run\.out$/ }
# What nothing needs after a crash: old files of an export, and all of /run, which is memory.
function is_spare(path) { return path ~ /\/\.spare(\/|$)|^\/run(\/|$)/ }
function full(at, name) { return name ~ /^\// ? name : at "/" name }
# The paths of a call with names: the folder's descriptor, if any, then the name in quotes.
function names(text,   at, count) {
	count = 0
	while (match(text, /(<[^>]*>)|("[^"]*")/)) {
		if (substr(text, RSTART, 1) == "<")
			at = substr(text, RSTART + 1, RLENGTH - 2)
		else
			path[++count] = full(at, substr(text, RSTART + 1, RLENGTH - 2))
		text = substr(text, RSTART + RLENGTH)
	}
	return count
}
function ours(path) { return index(path, work "/") == 1 }
function clean(list, one) { for (one in list) delete list[one] }
function touch(one) { if (!is_spare(one)) moved[one] = 1 }
function fault(text) { print text; faults++ }

# What was begun before a failure is synced when it is undone; that it is undone is noted first.
/ = -1 .*INJECTED/ { undone = 1 }
/ = -1 / { next }
/^openat/ {
	one = $0
	sub(/.* = /, "", one)
	one = argument(one)
	# SQLite opens a copy that was made for it, and makes its journal, with modes of its own.
	if (ours(one) && !is_sqlite(one) && !(one in fresh) && one !~ /-journal$/) {
		opened++
		if (!/O_CLOEXEC/)
			fault(one " is opened without O_CLOEXEC")
		if (/O_WRONLY|O_RDWR/ && !/O_NOFOLLOW/)
			fault(one " is written to, and links are followed to it")
		if (/O_CREAT/ && !/0600/)
			fault(one " is made with rights for others")
		if (/O_CREAT/ && !/O_EXCL/ && one !~ /\.(lock|heartbeat)$/)
			fault(one " is made where something may stand already")
	}
}
/^openat/ && /O_CREAT/ {
	one = $0
	sub(/.* = /, "", one)
	fresh[argument(one)] = 1
}
/^(write|writev|pwrite64|ftruncate)\(/ {
	one = argument($0)
	if (one ~ /\/target\.db/ && !undone)
		for (at in moved) {
			fault("the journal goes on before the folder " at " is synced")
			delete moved[at]
		}
	if (one !~ /^\// || is_nothing(one) || is_sqlite(one))
		next
	writes++
	if (one ~ /^\/run\//)
		next
	dirty[one] = 1
	if (one in fresh)
		grown[folder_of(one)] = 1
	else if (is_spare(one)) {
		if (!(folder_of(one) in synced) || !(folder_of(folder_of(one)) in synced))
			fault("the old file " one " is written before its folders are synced")
	}
}
/^(fsync|fdatasync)\(/ {
	one = argument($0)
	delete dirty[one]
	delete moved[one]
	delete grown[one]
	synced[one] = 1
	if (one ~ /\/target\.db/)
		undone = 0
}
/^syncfs\(/ { clean(dirty); clean(moved); clean(grown) }
/^(rename|link)/ {
	if (names($0) != 2)
		fault("not understood: " $0)
	one = path[1]
	other = path[2]
	renames++
	if (one in dirty) {
		fault(one " is put in its place before it is synced")
		delete dirty[one]
	}
	touch(folder_of(other))
	if (/^rename/)
		touch(folder_of(one))
}
/^(unlink|rmdir)/ {
	names($0)
	delete dirty[path[1]]
	if (!is_sqlite(path[1]) && !(path[1] in fresh))
		touch(folder_of(path[1]))
	delete moved[path[1]]
	delete grown[path[1]]
}
/^mkdir/ && !/, 0700\)/ && ours(argument($0)) { fault("a folder is made with rights for others: " $0) }
/^(fchown|fchmod)\(/ {
	one = argument($0)
	if (/^fchown/ && one in given)
		fault(one " gets its owner after its mode")
	given[one] = /^fchmod/
	if (!given[one])
		delete given[one]
}
/^mkdir/ { names($0); if (!is_spare(path[1])) grown[folder_of(path[1])] = 1 }
END {
	for (one in dirty)
		fault(one " is never synced")
	for (one in moved)
		fault("the folder " one " is never synced")
	for (one in grown)
		if (!is_spare(one))
			fault("the folder " one " with new files is never synced")
	if (opened == 0)
		fault("it opens nothing, so this proves nothing")
	if (writes + renames == 0)
		fault("it writes nothing, so this proves nothing")
	exit faults > 0
}
AWK

# Without a trace.
quiet() { ctl "$@" >"$work/run.out" 2>&1; }

calls=$(calls write,writev,pwrite64,ftruncate,openat,openat2,fsync,fdatasync,syncfs)
calls+=,$(calls fchown,fchmod)
calls+=,$(calls rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat)

# `status`: what the command is to end with; `inject`: a call that fails.
status=0 inject=
look() { # words of the command...
	local ended=0
	tracer=(strace -qq -y -s 400 -o "$work/trace" -e "trace=$calls")
	[ -z "$inject" ] || tracer+=(-e "inject=$inject")
	ctl "$@" >"$work/run.out" 2>&1 || ended=$?
	tracer=()
	commands=$((commands + 1))
	[ "$ended" = "$status" ] || finding "$*: ended with $ended: $(tail -n 1 "$work/run.out")"
	# Of a host the program sees no more than its own root; how it opens files there is not judged.
	[ "$part" != --inside ] || sed -i "s|$root/|/|g" "$work/trace"
	awk -v work="$work" -f "$work/judge.awk" "$work/trace" >"$work/faults"
	while read -r line; do
		finding "$*${inject:+ ($inject)}: ${line//$work/}"
	done <"$work/faults"
}
needs() { # call: the last command made it
	grep -q "^$1" "$work/trace" || finding "no $1: this proves nothing of it"
}

prepare() {
	quiet server set mta.hostname mx.example.net dkim.activate now dkim.algorithm ed25519 &&
		quiet domain add example.com example.org && return
	finding "the host could not be made: $(tail -n 1 "$work/run.out")"
	exit 1
}

# The push: the first one, one of few files, one that is undone, one that removes files.
pushes() {
	quiet --no-push domain enable-dkim example.com
	look mta adopt --yes
	look domain enable-dkim example.org
	needs fsync
	needs rename
	quiet --no-push domain disable-dkim example.org --now
	status=1 inject=renameat:error=EIO:when=2 look mta push
	needs rename
	look mta push
	needs unlink
}

if [ "${1:-}" = --inside ]; then
	make_files "$root"
	in_root fake_mta boot || finding "the servers do not start"
	prepare
	pushes
	# What a server is told, and what is written and removed with it.
	look server set spf.check off
	look server set spf.check on
	look server set dkim.verify off
	look mta rollback --yes
	look mta push
	look mta push --remove --yes
	grep -q '^postfix -c /etc/postfix reload' "$root/fake/log" || finding "no server was told anything"
	in_root fake_mta halt
	echo "$commands $findings" >&3
	exit
fi

mkdir -p "$work/out"
make_files "$root"
prepare
pushes
mapfile -t many < <(printf 'd%d.example\n' {1..40})
# Very many files and folders: one sync of their file system for all.
quiet domain add "${many[@]}"
quiet --no-push domain enable-dkim "${many[@]}"
look mta push
needs syncfs
quiet --no-push domain disable-dkim "${many[@]}" --now
look mta push
look mta rollback --yes
look mta push --remove --yes

# The export: new files, then new content into the place of old files, then none.
look zone export --all
for name in one two three; do
	quiet record add example.com $name A 192.0.2.1
	look zone export --all
	needs rename
done
# An old file whose mode, or whose length, cannot be put right is not put in its place.
zone=$root/var/lib/mailauthctl/zones/example.com.zone
spare=${zone%/*}/.spare/example.com.zone
for call in fchmod ftruncate; do
	quiet record add example.com "$call" A 192.0.2.1
	cp -p "$zone" "$work/zone"
	chmod 0600 "$spare"
	head -c 4096 /dev/zero >>"$spare"
	strace -qq -o "$work/trace" -P "$spare" -e "trace=$call" -e "inject=$call:error=EIO" \
		"$program" --root "$root" zone export --all >"$work/run.out" 2>&1 &&
		finding "zone export: $call fails, and it ends with 0"
	needs "$call.*INJECTED"
	cmp -s "$zone" "$work/zone" || finding "zone export: $call fails, and the zone is another one"
	look zone export --all
	[ "$(stat -c %a "$zone")" = 644 ] || finding "zone export: the zone has the wrong mode"
	quiet record add example.com "again-$call" A 192.0.2.1
	look zone export --all # so that there is an old file again
done
quiet domain remove "${many[@]}"
look zone export --all
needs unlink

# Whether SQLite syncs what it copies depends on its version.
look db backup "$work/out/copy.db"
needs "fsync(.*/out/.*>"
look config export "$work/out/config.yaml"
look key export example.com --private "$work/out/private.pem"

# With servers.
if (need_namespaces) 2>/dev/null; then
	mkdir "$work/host"
	"${in_namespaces[@]}" bash "$here/sync.sh" --inside "$program" "$work/host" 3>"$work/host.end"
	read -r more found <"$work/host.end" || finding "the pushes of a host did not come to their end"
	commands=$((commands + ${more:-0}))
	findings=$((findings + ${found:-0}))
	servers=", servers too"
fi

echo "$commands commands${servers:-}, $findings findings"
[ "$findings" = 0 ]
