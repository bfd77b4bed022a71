# Sourced by the sweeps: a command is run with one system call of it killed or made to fail, for
# every call that changes something.
#
# The script defines
#   make_case NAME      a host in $work/NAME/base on which the command of the case is to be run
#   choose_words NAME   case_words=(the command)
#   reset_root NAME     the root in which commands run is as base
#   ctl WORDS...        runs mailauthctl there; `tracer` holds words to put in front of it
#   judge WHAT CASE STATUS   what that run left, and what the next one makes of it
# and may set `classes`.
#
# SWEEP_STEP=N looks at every N-th call only; SWEEP_CASES="push remove" at those cases;
# SWEEP_ACTIONS="signal=KILL error=EIO" does only that; SWEEP_KEEP=1 keeps the folder of a finding.
# shellcheck shell=bash disable=SC2034,SC2154 # what the scripts define and use

step=${SWEEP_STEP:-1}
runs=0 findings=0 ticks=0
tracer=()

# One class for each kind of damage.
classes=(
	"rename,renameat,renameat2"
	"unlink,unlinkat,rmdir"
	"mkdir,mkdirat"
	"link,linkat"
	"fsync,fdatasync,syncfs"
	"write,pwrite64"
	"fchmod,fchmodat,chmod,fchown,fchownat,chown"
	"ftruncate,utimensat"
	"openat,openat2"
	"fork,vfork,clone,clone3"
)
read -ra actions <<<"${SWEEP_ACTIONS:-signal=KILL error=ENOSPC error=EIO error=EROFS}"

# What was hit, by file: the two databases must be among it.
declare -A hits=([store]=0 [target]=0 [files]=0)

need_strace() {
	if ! command -v strace >/dev/null || ! strace -qq -o /dev/null true 2>/dev/null; then
		echo "skipped: strace cannot be used here" >&2
		exit 77
	fi
}

finding() {
	echo "FOUND: $*"
	findings=$((findings + 1))
}

# calls CLASS: the option of strace for those calls, those that this machine does not have aside.
calls() {
	echo "?${1//,/,?}"
}

# Which database, if any, the line of a trace is about.
hit_of() {
	case $1 in
	*/target.db*) echo target ;;
	*/mailauthctl.db*) echo store ;;
	*) echo files ;;
	esac
}

# One run with the n-th such call hit.
strike() { # case, call, action, n, line of the trace
	local status=0
	reset_root "$1"
	tracer=(strace -qq -o "$work/trace" -e trace="$2" -e inject="$2:$3:when=$4")
	{ ctl "${case_words[@]}" >"$work/run.out" 2>&1 || status=$?; } 2>/dev/null
	tracer=()
	runs=$((runs + 1))
	hits[$(hit_of "$5")]=$((hits[$(hit_of "$5")] + 1))
	judge "$1, $2 no. $4, $3" "$1" "$status"
}

# "CALL N rest of the line" for the N-th such call (strace counts each call by itself); of those that
# open, those that may write.
select_calls() {
	awk -F '(' 'NF > 1 {
		n[$1]++
		if ($1 !~ /^openat/ || /O_CREAT|O_WRONLY|O_RDWR/)
			print $1, n[$1], $0
	}' "$work/trace" >"$work/calls"
}

# What may come of a call of that class.
select_actions() {
	case $1 in
	*clone*) echo signal=KILL error=EAGAIN ;;
	*) echo "${actions[@]}" ;;
	esac
}

# The command once without harm, its calls of one class in $work/calls.
record() { # case, class
	reset_root "$1"
	tracer=(strace -qq -y -o "$work/trace" -e trace="$(calls "$2")")
	ctl "${case_words[@]}" >"$work/run.out" 2>&1
	tracer=()
	select_calls
}

sweep_case() {
	local name=$1 class action call n line
	choose_words "$name"
	if ! make_case "$name" >"$work/make.out" 2>&1; then
		finding "$name: the host could not be made: $(tail -n 1 "$work/make.out")"
		return
	fi
	for class in "${classes[@]}"; do
		record "$name" "$class"
		for action in $(select_actions "$class"); do
			while read -r call n line <&4; do
				ticks=$((ticks + 1))
				[ $((ticks % step)) != 0 ] ||
					strike "$name" "$call" "$action" "$n" "$line"
			done 4<"$work/calls"
		done
	done
}

# The last line, and the exit status.
sweep_end() {
	for file in "${!hits[@]}"; do
		[ "${hits[$file]}" -gt 0 ] || finding "nothing hit the $file: this proves nothing of it"
	done
	echo "$runs runs ($ticks calls at step $step; ${hits[store]} hit the store," \
		"${hits[target]} the journal), $findings findings"
	[ "$findings" = 0 ]
}
