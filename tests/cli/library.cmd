# A library that cannot be opened: which, its package, and nothing is changed.
m --quiet domain add example.com
for library in libcrypto.so.3 libldns.so.3 libidn2.so.0 libjansson.so.4 libyaml-0.so.2; do
	rm -rf lib && mkdir lib && : >lib/$library
	echo "--- $library"
	export LD_LIBRARY_PATH=$PWD/lib
	m --json domain add example.org
	m domain add example.org
	m domain add münchen.example
	m config diff - <<<'format: 1'
	m --json domain list
	m domain list
	unset LD_LIBRARY_PATH
	"$PROGRAM" --root "$ROOT" --json domain list | grep '"domain"' | cut -d, -f1
	"$PROGRAM" --root "$ROOT" --quiet domain remove --now example.org xn--mnchen-3ya.example 2>/dev/null
	for name in example.org xn--mnchen-3ya.example; do
		"$PROGRAM" --root "$ROOT" --quiet domain remove --now $name 2>/dev/null
	done
done
