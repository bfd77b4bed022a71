# Checks every #include of the C files named as arguments against the table in CONTRIBUTING.md,
# which is the first argument.  Prints "FILE:LINE: what is wrong"; exit status 1 when it did.

function folder_of(path,    best, f) {
	best = ""
	for (f in may)
		if (index(path, f "/") == 1 && length(f) > length(best))
			best = f
	return best
}
function base_name(path) { sub(/.*\//, "", path); return path }
function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
function wrong(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; is_bad = 1 }

BEGIN {
	n = split("aio alloca arpa/* assert byteswap ctype dirent dlfcn endian err errno fcntl " \
		"fnmatch ftw getopt glob grp ifaddrs inttypes langinfo libgen libintl limits link " \
		"linux/* locale malloc math net/* netdb netinet/* paths poll pthread pty pwd regex " \
		"resolv sched search semaphore setjmp signal spawn stdalign stdarg stdatomic stdbool " \
		"stddef stdint stdio stdlib stdnoreturn string strings sys/* syslog termios threads " \
		"time ucontext unistd utime wchar wctype", word, " ")
	for (i = 1; i <= n; i++)
		is_system[word[i]] = 1
}

# ---- the table -------------------------------------------------------------------------------

FNR == NR && /^\| folder \| may include \|/ { in_table = 1; next }
FNR == NR && !/^\|/ { in_table = 0 }
FNR == NR && in_table && !/^\| *---/ {
	split($0, cell, "|")
	folder = trim(cell[2])
	may[folder] = " " folder " " trim(cell[3]) " "
	n = split(cell[4], part, ",")
	for (i = 1; i <= n; i++) {
		split(part[i], half, ":")
		m = split(trim(half[1]), header, " ")
		for (k = 1; k <= m; k++)
			owners[folder, header[k]] = " " trim(half[2]) " "
	}
}
FNR == NR { next }

# ---- the files -------------------------------------------------------------------------------

FNR == 1 {
	folder = folder_of(FILENAME)
	if (folder == "")
		wrong("its folder is not in the table of CONTRIBUTING.md")
	own = FILENAME
	sub(/\.c$/, ".h", own)
	# A file that cannot be read has an own header when it is on the command line.
	has_own = 0
	for (i = 2; i < ARGC; i++)
		if (ARGV[i] == own && own != FILENAME)
			has_own = 1
	is_first = 1
}

/^[ \t]*#[ \t]*include/ && folder != "" {
	line = $0
	if (match(line, /"[^"]*"/)) {
		name = substr(line, RSTART + 1, RLENGTH - 2)
		if (name ~ /\.inc$/) {
			# made from db/, man/ and completions/ by the Makefile
		} else if (name !~ /\.h$/) {
			wrong("\"" name "\" is not a header")
		} else if ((to = folder_of(name)) == "") {
			wrong("\"" name "\" does not start with a folder of the table")
		} else if (index(may[folder], " " to " ") == 0) {
			wrong(folder " may not include " to " (\"" name "\")")
		} else if (name ~ /(^|\/|_)(inner|internal)\.h$/ && to != folder) {
			wrong("\"" name "\" is private to " to)
		}
		inner = own
		sub(/\.h$/, "_inner.h", inner) # which includes the header itself
		if (is_first && has_own && name != own && name != inner)
			wrong("the first include is not its own header \"" own "\"")
		is_first = 0
	} else if (match(line, /<[^>]*>/)) {
		name = substr(line, RSTART + 1, RLENGTH - 2)
		short = name
		sub(/\.h$/, "", short)
		group = short
		sub(/\/.*/, "/*", group)
		if (is_first && has_own)
			wrong("the first include is not its own header \"" own "\"")
		is_first = 0
		if (short in is_system || group in is_system)
			next
		# "openssl/*" in the table stands for every header of that folder.
		owner = owners[folder, name]
		if (owner == "")
			owner = owners[folder, name ~ /\// ? substr(name, 1, index(name, "/")) "*" : name]
		if (owner == " * ")
			next
		if (FILENAME ~ /\.h$/)
			wrong("<" name "> in a header of ours")
		else if (owner == "")
			wrong("<" name "> has no owner in " folder)
		else if (index(owner, " " base_name(FILENAME) " ") == 0)
			wrong("<" name "> belongs to" owner "alone")
	}
}

END { exit is_bad }
