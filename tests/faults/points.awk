# Which calls of a command are hit.  In: the programs that it starts, a line each in their order, then
# the trace of its calls (strace -y).  Out: ACTION CALL N LINE, for the N-th such call.  lib.sh says what
# is left out.  `errors`: "ENOSPC EIO EROFS", in turn or, with `every_error`, each; `without_kill`; `all`:
# nothing is left out; `fail`: the number and the words of the program that fails, "2 postfix -c
# /etc/postfix reload".

function quoted(text) { return match(text, /"[^"]*"/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
function described(text) { return match(text, /<[^>]*>/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
function path_of(text,   name) {
	if (text !~ /^(open|rename|unlink|rmdir|mkdir|link|symlink|fchmodat|fchownat|chmod|chown)/)
		return described(text)
	name = quoted(text)
	return name ~ /^\// ? name : described(text) "/" name
}
# What the call is about: a path; of SQLite's files the database, of files to be checked their folder.
function object(path) {
	sub(/-(wal|shm|journal)$/, "", path)
	if (match(path, /\/mailauthctl-check\.[^\/]*/))
		path = substr(path, 1, RSTART + RLENGTH - 1)
	return path
}
function is_sync(call) { return call ~ /^(fsync|fdatasync|syncfs)$/ }
function is_start(call) { return call ~ /^(fork|vfork|clone|clone3)$/ }
# Programs that only look.
function is_reader(words) {
	return words ~ /^(postconf|opendkim) / || words ~ / status$/ || \
		words ~ /^systemctl (show|is-active|is-enabled) /
}
# Files whose content means nothing to the next run: the index of a write-ahead log is built anew, the
# text of a lock says who has it, sorted rows have no name.  SQLite opens an empty log, or none.
function means_nothing(i) {
	return path[i] ~ /-shm$|\.lock$|\/etilqs_[^\/]*$/ || (path[i] ~ /-wal$/ && call[i] ~ /^(open|fchown)/)
}
function changes(i) {
	if (is_sync(call[i]) || line[i] ~ / = -1 / || means_nothing(i))
		return 0
	if (is_start(call[i]))
		return (i in child) && !is_reader(program[child[i]])
	if (call[i] ~ /^open/)
		return line[i] ~ /O_CREAT|O_TRUNC/
	return path[i] ~ /^\// && path[i] !~ /^\/dev\/(null|tty|pts\/.*)$|\/run\.out$/
}
function hit(action, i) { print action, call[i], nth[i], line[i] }

# The first and the last call of those that change the same thing, one after the other.
function kills(   i, first, last) {
	for (i = 1; i <= calls; i++) {
		if (all) {
			hit("signal=KILL", i)
			continue
		}
		if (is_sync(call[i]) || (changes(i) && last && what[last] != what[i])) {
			if (last != first)
				hit("signal=KILL", last)
			first = last = 0
		}
		if (i < from || !changes(i))
			continue
		last = i
		if (!first)
			hit("signal=KILL", first = i)
	}
	if (last != first)
		hit("signal=KILL", last)
}
function fail_at(i,   k) {
	if (is_start(call[i])) {
		hit("error=EAGAIN", i)
		return
	}
	for (k = 1; k <= kinds; k++)
		if (all || every_error || points % kinds == k - 1)
			hit("error=" error[k], i)
	points++
}
# Of the calls for the same thing, one after the other: of each name the first and the last.
function errors_between(first, end,   i, name, at) {
	for (i = first; i < end; i++) {
		if (!(call[i] in at) || all)
			fail_at(i)
		at[call[i]] = i
		if (!((call[i], 1) in at))
			at[call[i], 1] = i
	}
	for (name in at)
		if (!all && (name, 1) in at && at[name] != at[name, 1])
			fail_at(at[name])
}

FILENAME == ARGV[1] { program[++programs] = $0; next }
{
	name = $0
	sub(/\(.*/, "", name)
	if (name !~ /^[a-z0-9_]+$/ || name == $0)
		next
	count[name]++
	if (name ~ /^open/ && !/O_CREAT|O_WRONLY|O_RDWR/)
		next
	call[++calls] = name
	nth[calls] = count[name]
	line[calls] = $0
	path[calls] = path_of($0)
	what[calls] = object(path[calls])
	if (is_start(name)) {
		what[calls] = "start " calls
		if (!/CLONE_THREAD/)
			child[calls] = ++children
	}
}
END {
	kinds = split(errors, error, " ")
	# Not known which is which: then none is a reader.
	if (children != programs)
		delete program
	# Where a program fails: what a kill or an error does earlier is known from the case in which it
	# does not fail.
	failing = fail
	sub(/^[0-9]+ /, "", failing)
	for (i = 1; fail && !from && i <= calls; i++) {
		if (!undo_from && call[i] ~ /^rename/)
			undo_from = i
		if ((i in child) && program[child[i]] == failing && ++failed == fail + 0)
			from = i
	}
	if (!without_kill)
		kills()
	first = fail && !all ? (undo_from ? undo_from : from) : 1
	for (i = first + 1; kinds && i <= calls + 1; i++)
		if (i > calls || what[i] != what[first]) {
			errors_between(first, i)
			first = i
		}
}
