# Sourced by the sweeps: a command is run with one system call of it killed or made to fail, for
# every call that changes something; several cases side by side.
#
# The script defines
#   make_case NAME      a host in $work/NAME/base on which the command of the case is to be run
#   choose_words NAME   case_words=(the command)
#   reset_root NAME     the root in which commands run is as base
#   ctl WORDS...        runs mailauthctl there; `tracer` holds words to put in front of it
#   judge WHAT CASE STATUS   what that run left, and what the next one makes of it
# and may define
#   programs_of         the programs that the last command started, a line each
#   failing_call NAME   "2 postfix -c /etc/postfix reload": the program that fails in this case
# and calls `start_workers` and, in each of them, `work_on CASES...`.
#
# What is left out (points.awk), because another run finds the same, or nearly:
#   kills   before a call that changes no file: reads, syncs (a kill is no power cut: sync.sh looks at
#           those), programs that only look, messages to the terminal, calls that had failed anyway.
#           Of calls in a row that change the same file, or the same database between two syncs,
#           the first and the last.  Where a program fails: what is before that, which the case
#           without the failure finds too.
#   errors  of calls of one name in a row for the same file, all but the first and the last; and
#           of ENOSPC, EIO and EROFS two: points get them in turn.
# SWEEP_ALL=1 leaves out nothing: every action at every call.
#
# SWEEP_STEP=N looks at every N-th of these points only; SWEEP_CASES="push remove" at those cases;
# SWEEP_ACTIONS="signal=KILL error=EIO" does only that, at every point; SWEEP_ONLY="fsync error=ENOSPC 36"
# that call alone, and shows what was said; SWEEP_JOBS=N cases side by side (default: one for each
# processor); SWEEP_KEEP=1 keeps the folder of a finding.
# shellcheck shell=bash disable=SC2034,SC2154 # what the scripts define and use

step=${SWEEP_STEP:-1}
jobs=${SWEEP_JOBS:-$(nproc)}
runs=0 findings=0 ticks=0
tracer=()

# All that does damage.  A kind that this machine does not have is no fault.
damage=rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlinkat
damage+=,fsync,fdatasync,syncfs,write,writev,pwrite64,pwritev,fchmod,fchmodat,chmod,fchown,fchownat,chown
damage+=,ftruncate,utimensat,openat,openat2,fork,vfork,clone,clone3

# What was hit, by file: the two databases must be among it.
declare -A hits=([store]=0 [target]=0 [files]=0)

need_strace() {
	if ! command -v strace >/dev/null || ! strace -qq -o /dev/null true 2>/dev/null; then
		echo "skipped: strace cannot be used here" >&2
		exit 77
	fi
}

# Where much is written and removed: memory, if there is some.
fast_folder() {
	if [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/var/tmp}"; fi
}

finding() {
	echo "FOUND: $*"
	findings=$((findings + 1))
}

# calls CLASS: the option of strace for those calls, those that this machine does not have aside.
calls() {
	echo "?${1//,/,?}"
}

programs_of() { :; }
failing_call() { return 1; }

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
	local status=0 file
	reset_root "$1"
	tracer=(strace -qq -o "$work/trace" -e trace="$2" -e inject="$2:$3:when=$4")
	{ ctl "${case_words[@]}" >"$work/run.out" 2>&1 || status=$?; } 2>/dev/null
	tracer=()
	runs=$((runs + 1))
	file=$(hit_of "$5")
	hits[$file]=$((hits[$file] + 1))
	judge "$1, $2 no. $4, $3" "$1" "$status"
}

# "ACTION CALL N rest of the line" for each point of the command, in $work/calls.
record() { # case
	local errors="ENOSPC EIO EROFS" without_kill=0 all=${SWEEP_ALL:-0}
	reset_root "$1"
	tracer=(strace -qq -y -s 0 -o "$work/trace" -e trace="$(calls $damage)")
	ctl "${case_words[@]}" >"$work/run.out" 2>&1
	tracer=()
	programs_of >"$work/programs"
	if [ -n "${SWEEP_ACTIONS:-}" ]; then
		errors=$(grep -oE 'error=\w+' <<<"$SWEEP_ACTIONS" | sed 's/^error=//' | paste -sd' ')
		[[ $SWEEP_ACTIONS == *signal=KILL* ]] || without_kill=1
	fi
	awk -v errors="$errors" -v without_kill=$without_kill -v all="$all" \
		-v every_error="${SWEEP_ACTIONS:+1}" -v fail="$(failing_call "$1")" \
		-f "$here/points.awk" "$work/programs" "$work/trace" >"$work/calls"
}

sweep_case() { # case, its number
	local name=$1 action call n line
	choose_words "$name"
	if ! make_case "$name" >"$work/make.out" 2>&1; then
		finding "$name: the host could not be made: $(tail -n 1 "$work/make.out")"
		return
	fi
	if [ -n "${SWEEP_ONLY:-}" ]; then
		read -r call action n <<<"$SWEEP_ONLY"
		strike "$name" "$call" "$action" "$n" ""
		cat "$work/run.out"
		return
	fi
	record "$name"
	# Each case begins elsewhere, so that a step does not find the same calls in all.
	ticks=$(($2 * 17))
	while read -r action call n line <&4; do
		points=$((points + 1))
		ticks=$((ticks + 1))
		[ $((ticks % step)) != 0 ] || strike "$name" "$call" "$action" "$n" "$line"
	done 4<"$work/calls"
}

# ---- side by side ------------------------------------------------------------------------------------

# In a worker, whose folder is `work`: each case that no other has taken.
work_on() { # folder of all, cases...
	local taken=$1/taken name number=0
	points=0
	shift
	for name; do
		number=$((number + 1))
		! mkdir "$taken/$name" 2>/dev/null || sweep_case "$name" $number
	done
	echo "$runs $points ${hits[store]} ${hits[target]} ${hits[files]} $findings" \
		>"${taken%taken}total.$(basename "$work")"
}

# COMMAND... FOLDER OWN runs one worker, which gets a folder of its own in that of all.  Says at the
# end what was done; the exit status is that of the script.
start_workers() { # name of the sweep, command...
	local name=$1 number begin=$SECONDS folder pids=() TIMEFORMAT='%U %S'
	local total points store target files found
	shift
	folder=$(mktemp -d "$(fast_folder)/$name.XXXXXX") || return
	# unshare(1) takes nothing but SIGKILL, and takes its namespaces along.
	trap 'kill -KILL "${pids[@]}" 2>/dev/null; rm -rf "$folder"; exit 1' INT TERM
	mkdir "$folder/taken"
	for ((number = 0; number < jobs; number++)); do
		mkdir "$folder/$number"
		"$@" "$folder" "$folder/$number" &
		pids+=($!)
	done
	wait
	total=$(cat "$folder"/total.* 2>/dev/null | awk '{ for (i = 1; i <= 6; i++) sum[i] += $i }
		END { print sum[1] + 0, sum[2] + 0, sum[3] + 0, sum[4] + 0, sum[5] + 0, sum[6] + 0 }')
	read -r runs points store target files findings <<<"$total"
	found=$(find "$folder" -maxdepth 1 -name 'total.*' | wc -l)
	[ "$found" = "$jobs" ] || finding "$((jobs - found)) of $jobs workers did not come to their end"
	hits=([store]=$store [target]=$target [files]=$files)
	for file in "${!hits[@]}"; do
		[ "${hits[$file]}" -gt 0 ] || [ -n "${SWEEP_ONLY:-}" ] || finding "nothing hit the $file: this proves nothing of it"
	done
	if [ "${SWEEP_KEEP:-0}" = 1 ] && [ "$findings" -gt 0 ]; then
		echo "kept: $folder" >&2
	else
		rm -rf "$folder"
	fi
	echo "$runs runs of $points points ($store hit the store, $target the journal) in" \
		"$((SECONDS - begin)) s, $jobs at a time, $findings findings"
	[ "$findings" = 0 ]
}
