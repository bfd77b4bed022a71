make_key key.pem
m server set mta.hostname mx.example.com
m domain add example.com example.net
m key import example.com old --private key.pem
m key list | undated
m record list example.com | grep -c "old._domainkey.*$(openssl pkey -in key.pem -pubout -outform DER | base64 -w0 | cut -c1-60)"
m --json key import example.net s1 --private - <key.pem
m key list | undated
# the same again, and another key under a selector that is taken
m key import example.com old --private key.pem
make_key other.pem
m key import example.com old --private other.pem
# refused: encrypted, too short, of another kind, none at all, not there
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -aes256 -pass pass:x -out secret.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out short.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem 2>/dev/null
echo nonsense >none.pem
for kind in secret short ec none missing; do
	m key import example.com "$kind" --private $kind.pem
done
m key list | undated
# a tree of keys
mkdir -p tree/example.org
openssl rsa -in key.pem -traditional -out tree/example.org/private 2>/dev/null
m key import --tree tree
m key list example.org | undated
m key import example.org
