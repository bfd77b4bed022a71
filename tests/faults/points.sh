#!/bin/bash
# What points.awk makes of a trace: which calls the sweeps hit, and which they leave out.
#
#   tests/faults/points.sh        Ends 0: as it should be, 1: findings (each is one line).
set -u
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
findings=0

cat >"$work/programs" <<'TEXT'
postconf -m
postfix -c /etc/postfix status
postfix -c /etc/postfix reload
systemctl reload -- opendkim
TEXT
# In the middle the letters of what is expected: K, killed; E, made to fail; A, no process can be made.
cat >"$work/wanted" <<'TEXT'
openat E openat(AT_FDCWD</>, "/lib/x.db.lock", O_RDWR|O_CREAT, 0600) = 3</dev/shm/w/lib/x.db.lock>
pwrite64 E pwrite64(3</dev/shm/w/lib/x.db.lock>, ""..., 5, 0) = 5
openat - openat(AT_FDCWD</>, "/lib/x.db", O_RDONLY) = 4</dev/shm/w/lib/x.db>
openat E openat(AT_FDCWD</>, "/lib/x.db-shm", O_RDWR|O_CREAT, 0600) = 5</dev/shm/w/lib/x.db-shm>
pwrite64 E pwrite64(5</dev/shm/w/lib/x.db-shm>, ""..., 1, 1) = 1
pwrite64 K pwrite64(6</dev/shm/w/lib/x.db-wal>, ""..., 32, 0) = 32
pwrite64 - pwrite64(6</dev/shm/w/lib/x.db-wal>, ""..., 24, 32) = 24
pwrite64 KE pwrite64(6</dev/shm/w/lib/x.db-wal>, ""..., 24, 56) = 24
fdatasync E fdatasync(6</dev/shm/w/lib/x.db-wal>) = 0
clone A clone(child_stack=NULL, flags=SIGCHLD) = 10
mkdirat KE mkdirat(7</dev/shm/w/etc>, "keys", 0700) = 0
mkdirat E mkdirat(7</dev/shm/w/etc>, "tables", 0700) = -1 EEXIST (File exists)
openat2 KE openat2(7</dev/shm/w/etc>, ".t.tmp-1", {flags=O_WRONLY|O_CREAT|O_EXCL, mode=0}, 24) = 8</dev/shm/w/etc/.t.tmp-1>
write E write(8</dev/shm/w/etc/.t.tmp-1>, ""..., 4) = 4
fchmod KE fchmod(8</dev/shm/w/etc/.t.tmp-1>, 0640) = 0
fsync E fsync(8</dev/shm/w/etc/.t.tmp-1>) = 0
clone A clone(child_stack=NULL, flags=SIGCHLD) = 11
renameat KE renameat(7</dev/shm/w/etc>, ".t.tmp-1", 7</dev/shm/w/etc>, "t") = 0
clone KA clone(child_stack=NULL, flags=SIGCHLD) = 12
write E write(2</dev/shm/w/run.out>, ""..., 9) = 9
clone KA clone(child_stack=NULL, flags=SIGCHLD) = 13
unlink KE unlink("/lib/x.db-wal") = 0
rmdir E rmdir("/lib/none") = -1 ENOENT (No such file or directory)
unlinkat KE unlinkat(7</dev/shm/w/etc>, "old", 0) = 0
TEXT
sed -E 's/^[^ ]+ [^ ]+ //' "$work/wanted" >"$work/trace"
points() { awk "$@" -f "$here/points.awk" "$work/programs" "$work/trace"; }
# Each action with the line of the trace.
lines() { sed -E 's/^(signal|error)=([A-Z]+) [a-z0-9]+ [0-9]+ /\2 /' | sort; }
expect() { # what, letter, name: those of `wanted`
	sed -nE "s/^[^ ]+ [A-Z]*$2[A-Z]* /$3 /p" "$work/wanted" | sort
}
compare() { # what, got, wanted
	[ "$2" != "$3" ] || return
	echo "FOUND: $1"
	diff <(echo "$3") <(echo "$2") | sed 's/^/  /'
	findings=$((findings + 1))
}

got=$(points -v errors=EIO | lines)
compare "kills" "$(grep ^KILL <<<"$got")" "$(expect kills K KILL)"
compare "errors" "$(grep ^EIO <<<"$got")" "$(expect errors E EIO)"
compare "no process" "$(grep ^EAGAIN <<<"$got")" "$(expect processes A EAGAIN)"
compare "errors in turn: one at each call" "$(points -v errors='EIO EROFS' | grep -cE 'error=(EIO|EROFS)')" \
	"$(expect errors E EIO | wc -l)"
compare "each error at each" "$(points -v errors='EIO EROFS' -v every_error=1 | grep -cE 'error=(EIO|EROFS)')" \
	$((2 * $(expect errors E EIO | wc -l)))
compare "the number is that of the call's name" "$(points -v errors= | grep 'x.db-wal>.* 56' | cut -d' ' -f1-3)" \
	"signal=KILL pwrite64 5"
compare "all: a kill at each that may change something" "$(points -v errors= -v all=1 | grep -c KILL)" 23
compare "where a program fails: kills after it" \
	"$(points -v errors= -v fail='1 postfix -c /etc/postfix reload' | grep KILL | lines)" \
	"$(expect kills K KILL | grep -E ' = 1[23]$|unlink')"
compare "and errors from the first file that is put in its place" \
	"$(points -v errors=EIO -v without_kill=1 -v fail='1 postfix -c /etc/postfix reload' | lines)" \
	"$({ expect e E EIO | grep -E 'renameat|run.out|unlink|rmdir'; expect a A EAGAIN | grep -E '1[23]$'; } | sort)"
echo "$(grep -c . "$work/trace") calls, $findings findings"
[ "$findings" = 0 ]
