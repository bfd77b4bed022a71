#!/usr/bin/env bash
# Completion in a real shell, as a person types: each case types a line, presses the tab key, and
# compares the whole screen.  "_" is typed behind it and shows where the cursor came to stand.
#
# usage: tests/terminal/shell.sh bash|zsh|fish PROGRAM
set -u
shell=$1
program=$(realpath "$2")
# shellcheck source=tests/terminal/lib.sh
. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/lib.sh"
for need in tmux "$shell"; do
	command -v "$need" >/dev/null || {
		echo "1..0 # SKIP $need is not installed"
		exit 0
	}
done

# ---- a home, a program in the PATH, databases ------------------------------------------------------

work=$scratch/work
mkdir -p "$scratch/bin" "$scratch/home" "$scratch/zsh" "$work/some-folder"
cp "$program" "$scratch/bin/mailauthctl"
cp "$scratch/bin/mailauthctl" "$work/mailauthctl"
printf '#!/bin/sh\nexec "$@"\n' >"$scratch/bin/sudo"
chmod 755 "$scratch/bin/sudo"
# A root of its own: what this host has stays untouched.
m() { fresh mailauthctl --root "$scratch/$1" "${@:2}" >/dev/null 2>&1 || echo "# failed: mailauthctl $*"; }
mkdir "$scratch/main" "$scratch/other"
db=$scratch/main/var/lib/mailauthctl/mailauthctl.db
other=$scratch/other/var/lib/mailauthctl/mailauthctl.db
m main server set dns.service external dkim.algorithm ed25519 dkim.selector s2026
m main domain add example.org alias.example bücher.example shop.example shop.test
m main domain add --alias-of example.org alias.test
m main domain enable-dkim example.org
m other domain add another.example
cp "$db" "$work/some-file.db"
cp "$db" "$work/blank in it.db"
cp "$other" "$work/other.db"
: >"$work/empty.db"
head -c 3000 "$db" >"$work/cut.db"
head -c 3000 /dev/urandom >"$work/broken.db"
cp "$db" "$work/closed.db"
chmod 0000 "$work/closed.db"
fresh mailauthctl completion zsh >"$scratch/zsh/_mailauthctl"
fresh mailauthctl completion bash >"$scratch/mailauthctl.bash"
fresh mailauthctl completion fish >"$scratch/mailauthctl.fish"

cat >"$scratch/bashrc" <<-END
	[ ! -f /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
	. $scratch/mailauthctl.bash
	PS1='> '
	bind 'set bell-style none'
END
cat >"$scratch/home/.zshrc" <<-END
	fpath=($scratch/zsh \$fpath)
	autoload -U compinit
	compinit -D -u
	PS1='> '
	unsetopt beep prompt_sp
END
cat >"$scratch/fishrc" <<-END
	set -g fish_autosuggestion_enabled 0
	set -g fish_greeting
	function fish_prompt; printf '> '; end
	source $scratch/mailauthctl.fish
END

# Starts the shell in the terminal, perhaps as somebody without rights.
start() { # name, command in front...
	local name=$1
	shift
	set -- "$@" env MAILAUTHCTL_DB="$db"
	case $shell in
	bash) set -- "$@" bash --noprofile --rcfile "$scratch/bashrc" -i ;;
	zsh) set -- "$@" zsh -d -i ;;
	fish) set -- "$@" fish -i -C "source $scratch/fishrc" ;;
	esac
	terminal "$name" 100 30 -c "$work" "$@"
	shows "$name: the prompt" '>'
}

# An empty line on an empty screen.  What is pressed while fish still looks for completions may be
# lost: it is pressed again.
clear_line() {
	local end=$((SECONDS + 8)) tries=0
	until [ $tries != 0 ] && [ "$(screen)" = '>' ]; do
		[ $SECONDS -lt $end ] || break
		if [ $((tries % 25)) = 0 ]; then
			case $shell in
			fish) press C-c ;;
			*) press C-e C-u C-l ;;
			esac
		fi
		[ "$shell" != fish ] || press C-l
		tries=$((tries + 1))
		sleep 0.02
	done
}
# What a line becomes.
becomes() { # name, typed, wanted [, keys before the tab...]
	local name=$1 typed=$2 wanted=$3
	shift 3
	clear_line
	type_text "$typed"
	[ $# = 0 ] || press "$@"
	press Tab
	type_text _
	shows "$name" "> $wanted"
}
# What is listed below a line (from standard input); bash lists at the second press.
lists() { # name, typed
	clear_line
	type_text "$2"
	press Tab
	[ "$shell" != bash ] || press Tab
	shows "$1" "$(cat)"
}

# ---- lines ----------------------------------------------------------------------------------------

# What stands around the cursor where the blank behind a word is there already.
case $shell in
bash) middle='_ ' syntax=(bash -n "$scratch/mailauthctl.bash") ;;
zsh) middle=' _ ' syntax=(zsh -n "$scratch/zsh/_mailauthctl") ;;
fish) middle=' _' syntax=(fish -n "$scratch/mailauthctl.fish") ;;
esac
ok "the shim can be read" "${syntax[@]}"
ok "the shim is short" [ "$(fresh mailauthctl completion "$shell" | wc -l)" -le 25 ]
before=$(cd "$scratch" && find main other work -type f -exec md5sum {} + | sort)

# zsh says what is taken where nothing can be listed.
takes=
[ $shell != zsh ] || takes=$'\n<new-domain>'
mapfile -t left < <(yes Left | head -20)

start all
becomes "a noun" "mailauthctl dom" "mailauthctl domain _"
becomes "a verb" "mailauthctl domain sh" "mailauthctl domain show _"
becomes "a single command" "mailauthctl compl" "mailauthctl completion _"
becomes "one of the words that a command takes" "mailauthctl completion z" "mailauthctl completion zsh _"
becomes "help" "mailauthctl help domain sh" "mailauthctl help domain show _"
becomes "a setting" "mailauthctl server set spf.mo" "mailauthctl server set spf.mode _"
becomes "a value" "mailauthctl server set spf.mode reject-fa" \
	"mailauthctl server set spf.mode reject-fail _"
becomes "a second setting" "mailauthctl server set spf.mode reject-fail srs.en" \
	"mailauthctl server set spf.mode reject-fail srs.enabled _"
becomes "a second value" "mailauthctl server set spf.mode reject-fail srs.enabled of" \
	"mailauthctl server set spf.mode reject-fail srs.enabled off _"
becomes "a setting that the line has" "mailauthctl server set srs.enabled on srs.en" \
	"mailauthctl server set srs.enabled on srs.en_"
becomes "a setting that no domain has" "mailauthctl domain set example.org srs.en" \
	"mailauthctl domain set example.org srs.en_"
becomes "a mail server" "mailauthctl server set mta.backend po" \
	"mailauthctl server set mta.backend postfix _"
becomes "a domain" "mailauthctl domain show exa" "mailauthctl domain show example.org _"
becomes "a domain in Unicode" "mailauthctl domain show bü" "mailauthctl domain show bücher.example _"
becomes "what domains have in common" "mailauthctl domain show sho" "mailauthctl domain show shop._"
becomes "a domain that the line has" "mailauthctl domain remove shop.test shop" \
	"mailauthctl domain remove shop.test shop.example _"
becomes "a domain in quotes" 'mailauthctl domain show "exa' 'mailauthctl domain show "example.org" _'
becomes "a domain behind --" "mailauthctl domain show -- exa" "mailauthctl domain show -- example.org _"
becomes "nothing but words behind --" "mailauthctl domain show -- --forma" \
	"mailauthctl domain show -- --forma_"
becomes "no name for a new domain" "mailauthctl domain add exa" "mailauthctl domain add exa_$takes"
becomes "an option" "mailauthctl domain enable-dkim --sig" "mailauthctl domain enable-dkim --sign-now _"
becomes "an option of every command" "mailauthctl mta push --no-p" "mailauthctl mta push --no-push _"
becomes "an option that the line has" "mailauthctl domain enable-dkim --sign-now --sig" \
	"mailauthctl domain enable-dkim --sign-now --sig_"
becomes "an option's value" "mailauthctl --format j" "mailauthctl --format json _"
becomes "an option's value behind =" "mailauthctl --format=j" "mailauthctl --format=json _"
becomes "a domain behind = and :" "mailauthctl key check --resolver=127.0.0.1:53 exa" \
	"mailauthctl key check --resolver=127.0.0.1:53 example.org _"
becomes "an option's domain behind =" "mailauthctl domain list --alias-of=exa" \
	"mailauthctl domain list --alias-of=example.org _"
becomes "a selector" "mailauthctl key show example.org s2" "mailauthctl key show example.org s2026 _"
becomes "a selector of no key" "mailauthctl key show shop.test s2" "mailauthctl key show shop.test s2_"
becomes "a file" "mailauthctl db backup some-fi" "mailauthctl db backup some-file.db _"
becomes "a file with blanks" "mailauthctl db backup bl" 'mailauthctl db backup blank\ in\ it.db _'
becomes "an option's file behind =" "mailauthctl --db=some-fi" "mailauthctl --db=some-file.db _"
becomes "a folder" "mailauthctl --root some-" "mailauthctl --root some-folder/_"
becomes "another database" "mailauthctl --db other.db domain show a" \
	"mailauthctl --db other.db domain show another.example _"
# fish shows its completions only what stands before the cursor.
[ $shell = fish ] || becomes "another database behind the cursor" "mailauthctl domain show an --db other.db" \
	"mailauthctl domain show another.example${middle}--db other.db" "${left[@]:0:14}"
becomes "in the middle of a line" "mailauthctl domain sho example.org" \
	"mailauthctl domain show${middle}example.org" "${left[@]:0:12}"
becomes "with sudo in front" "sudo mailauthctl domain sh" "sudo mailauthctl domain show _"
becomes "with a path" "./mailauthctl domain sh" "./mailauthctl domain show _"
becomes "behind another command" "true; mailauthctl domain sh" "true; mailauthctl domain show _"

# ---- lists ----------------------------------------------------------------------------------------

case $shell in
bash)
	lists "verbs" "mailauthctl domain s" <<-END
		> mailauthctl domain s
		set      show     suspend
		> mailauthctl domain s
	END
	lists "values" "mailauthctl server set spf.mode " <<-END
		> mailauthctl server set spf.mode
		headers-only      reject-fail       reject-neutral
		defer-dns-errors  reject-softfail   reject-not-pass
		> mailauthctl server set spf.mode
	END
	lists "domains" "mailauthctl domain show " <<-END
		> mailauthctl domain show
		alias.example          example.org            shop.test
		alias.test             shop.example           xn--bcher-kva.example
		> mailauthctl domain show
	END
	lists "options" "mailauthctl domain remove shop.test --d" <<-END
		> mailauthctl domain remove shop.test --d
		--db       --dry-run
		> mailauthctl domain remove shop.test --d
	END
	lists "nothing" "mailauthctl db backup none" <<-END
		> mailauthctl db backup none
	END
	;;
zsh)
	lists "verbs, with help" "mailauthctl domain s" <<-END
		> mailauthctl domain s
		set      -- change settings of a domain: all of them or none
		show     -- show a domain: state, settings, keys, aliases
		suspend  -- stop signing for domains; DKIM records are kept for a while
	END
	lists "values, with help" "mailauthctl server set spf.mode " <<-END
		> mailauthctl server set spf.mode
		headers-only      -- only a Received-SPF header, never a rejection (as it is now)
		defer-dns-errors  -- and temperror defers the message
		reject-fail       -- and fail is rejected
		reject-softfail   -- and softfail is rejected
		reject-neutral    -- and neutral is rejected
		reject-not-pass   -- and none and permerror are rejected: only pass is accepted
	END
	lists "domains" "mailauthctl domain show " <<-END
		> mailauthctl domain show
		alias.test             -- alias of example.org
		xn--bcher-kva.example  -- bücher.example
		alias.example  example.org    shop.example   shop.test
	END
	lists "options, with help" "mailauthctl domain remove shop.test --d" <<-END
		> mailauthctl domain remove shop.test --d
		--db       -- use this database, not /var/lib/mailauthctl/mailauthctl.db
		--dry-run  -- show the changes without making them
	END
	lists "what is expected" "mailauthctl server set dns.ttl " <<-END
		> mailauthctl server set dns.ttl
		0..2147483647
	END
	;;
fish)
	lists "verbs, with help" "mailauthctl domain s" <<-END
		> mailauthctl domain s
		set                 (change settings of a domain: all of them or none)
		show                   (show a domain: state, settings, keys, aliases)
		suspend  (stop signing for domains; DKIM records are kept for a while)
	END
	lists "values, with help" "mailauthctl server set spf.mode " <<-END
		> mailauthctl server set spf.mode
		headers-only   (only a Received-SPF header, never a rejection (as it is now))
		defer-dns-errors                           (and temperror defers the message)
		reject-fail                                            (and fail is rejected)
		reject-softfail                                    (and softfail is rejected)
		reject-neutral                                      (and neutral is rejected)
		reject-not-pass  (and none and permerror are rejected: only pass is accepted)
	END
	lists "domains" "mailauthctl domain show " <<-END
		> mailauthctl domain show
		alias.example                       example.org   shop.test
		alias.test  (alias of example.org)  shop.example  xn--bcher-kva.example  (bücher.example)
	END
	lists "options, with help" "mailauthctl domain remove shop.test --d" <<-END
		> mailauthctl domain remove shop.test --d
		--db  (use this database, not /var/lib/mailauthctl/mailauthctl.db)
		--dry-run                   (show the changes without making them)
	END
	;;
esac

# ---- nothing to read, or no right to --------------------------------------------------------------

# Nothing but the line may be on the screen.
for file in none.db empty.db cut.db broken.db some-folder; do
	becomes "$file: no domain" "mailauthctl --db $file domain show exa" \
		"mailauthctl --db $file domain show exa_"
	becomes "$file: a verb" "mailauthctl --db $file domain sh" "mailauthctl --db $file domain show _"
done
becomes "a file with blanks as database" "mailauthctl --db 'blank in it.db' domain show exa" \
	"mailauthctl --db 'blank in it.db' domain show example.org _"
press C-c
t kill-session -t "$session"

somebody=()
[ "$(id -u)" != 0 ] || somebody=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
mkdir -m 700 "$scratch/somebody"
[ "$(id -u)" != 0 ] || chown 65534:65534 "$scratch/somebody"
if [ "$(id -u)" != 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
	db=$work/closed.db
	start somebody "${somebody[@]}" env HOME="$scratch/somebody" ZDOTDIR="$scratch/home"
	becomes "no right to read: no domain" "mailauthctl domain show exa" "mailauthctl domain show exa_"
	becomes "no right to read: a setting" "mailauthctl domain set example.org dns.tt" \
		"mailauthctl domain set example.org dns.ttl _"
	becomes "no right to read: a value" "mailauthctl server set dkim.sign of" \
		"mailauthctl server set dkim.sign off _"
else
	skip "no right to read" "setpriv cannot change the user here"
fi

is "nothing was written" "$(cd "$scratch" && find main other work -type f -exec md5sum {} + | sort)" "$before"
done_testing
