# A terminal of a fixed size, typed into as a person does; what it shows is compared as a whole.
# tmux is the terminal: a server of our own, without anybody's configuration.
# shellcheck shell=bash

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
. "$here/../lib/tap.sh"
scratch=$(mktemp -d) || exit
chmod 755 "$scratch"
socket=mailauthctl-test-$$
t() { tmux -u -L "$socket" -f /dev/null "$@"; }
close() {
	t kill-server 2>/dev/null
	rm -rf "$scratch"
}
trap close EXIT

# A fresh environment for what runs in the terminal, and for tmux.
fresh() { # variable=value... command...
	env -i PATH="$scratch/bin:/usr/bin:/bin" HOME="$scratch/home" LC_ALL=C.UTF-8 TZ=UTC \
		TMUX_TMPDIR="$scratch" TERM=xterm-256color "$@"
}
export TMUX_TMPDIR=$scratch

# Opens a terminal that runs a command.
terminal() { # name, width, height, command...
	local name=$1 width=$2 height=$3
	shift 3
	fresh tmux -u -L "$socket" -f /dev/null new-session -d -s "$name" -x "$width" -y "$height" "$@" \; \
		set -g status off \; set -g escape-time 0 \; set -g history-limit 5000
	session=$name
}
resize() { t resize-window -t "$session" -x "$1" -y "$2"; } # width, height

type_text() { t send-keys -t "$session" -l -- "$1"; }
press() { t send-keys -t "$session" "$@"; } # names of keys: Tab Left C-c
# The lines of the terminal, blanks at their ends and empty lines at the end left out.
screen() { t capture-pane -p -t "$session" | sed -e 's/ *$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }

# Waits until the terminal shows exactly that; then it passes.
shows() { # name, wanted text
	local end=$((SECONDS + 40)) got
	until got=$(screen) && [ "$got" = "$2" ]; do
		[ $SECONDS -lt $end ] || break
		sleep 0.02
	done
	is "$1" "$got" "$2"
}
# Waits until a command succeeds.
wait_for() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*"; return 1; }
		sleep 0.02
	done
}
