m server set mta.hostname mx.example.com
m domain enable-dkim example.com
m key export example.com | unkeyed
m --json key export example.com default | unkeyed
m key export example.com --private private.pem | unkeyed
stat -c '%a %n' private.pem
openssl pkey -in private.pem -noout -text | head -1
# the private half belongs to the record
test "$(openssl pkey -in private.pem -pubout -outform DER | base64 -w0)" = \
	"$("$PROGRAM" --root "$ROOT" --json key list example.com | jq -r '.[0].p // empty')" ||
	"$PROGRAM" --root "$ROOT" record list example.com --json | tr -d '" \\' |
	grep -c "$(openssl pkey -in private.pem -pubout -outform DER | base64 -w0 | cut -c1-60)"
m key export example.com nope
