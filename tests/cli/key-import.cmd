make_key key.pem
m server set mta.hostname mx.example.com
m domain add example.com example.net
m key import example.com --selector old key.pem
m key list | undated
m --json key import example.net key.pem
m key list | undated
# refused: encrypted, too short, none at all
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -aes256 -pass pass:x -out secret.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out short.pem 2>/dev/null
m key import example.com --selector s2 secret.pem
m key import example.com --selector s3 short.pem
echo nonsense >none.pem
m key import example.com --selector s4 none.pem
m key import example.com --selector s5 missing.pem
