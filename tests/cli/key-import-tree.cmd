# Folders of keys that other programs made: what each file becomes.
umask 022
key() { # file...: a fresh key in each
	local file
	for file; do
		mkdir -p "$(dirname "$file")"
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$file" 2>/dev/null
		chmod 600 "$file"
	done
}
states() { m key list --format tsv | cut -f 1,2,3,5; }

# endings, backups, companions
key t/example.com/mail.private t/example.com/mail.private.old t/b.example/s1.private.pem t/c.example/x.key.pem \
	t/d.example/default t/d.example/default.bak t/d.example/old.private~ t/e.example/k.dpkg-old t/e.example/k.rsa.key \
	t/old.example.bak/s1.private t/MÜNCHEN.example/s1.private
echo "mail._domainkey IN TXT" >t/example.com/mail.txt
openssl pkey -in t/d.example/default -pubout -out t/d.example/default.pub.pem
openssl pkey -in t/d.example/default -pubout -out t/d.example/public
echo "how to use these" >t/README
m --dry-run key import --tree t
states
m --json key import --tree t | head -3
states
# again: nothing is done twice
m key import --tree t | cut -c 1-120

# flat: domain and selector in one name
key f/one.example.pem f/s1.two.example.private f/three.example.k1.key f/s1._domainkey.four.example.pem \
	f/rsa-2048-mail-my-shop.example.private.txt f/sub.five.example.co.uk.key f/mail.six.example.private
openssl genpkey -algorithm ed25519 -outform DER | tail -c 32 | base64 -w0 >f/ed25519-el-seven.example.private.txt
m --dry-run key import --tree f
m --dry-run key import --tree f --selector mine --format tsv | cut -f 2,3,6,7

# the record beside a key tells its selector and domain
key r/key.pem r/wrong.example.pem
printf 's2024._domainkey.eight.example. TXT ( "v=DKIM1; k=rsa; "\n\t"p=%s" )\n' \
	"$(openssl pkey -in r/key.pem -pubout -outform DER | base64 -w0 | sed 's/.\{60\}/&"\n"/')" >r/key.txt
cp r/key.txt r/wrong.example.txt # of another key
m --dry-run key import --tree r --format tsv | cut -f 1-7

# of several keys none signs until one is chosen
key s/two.example/a.private s/two.example/z.private s/one.example/s1.pem
cp s/one.example/s1.pem s/one.example/s2.pem
m key import --tree s
m --dry-run key import --tree s --selector z --format tsv | cut -f 1-7
states | grep two
m domain enable-dkim two.example --selector a
m domain enable-dkim two.example --selector b
m domain enable-dkim two.example one.example --selector a
m domain enable-dkim --all --selector a
states | grep two
m domain enable-dkim two.example --selector z
m domain enable-dkim two.example --selector z
m key list two.example | undated

# refused one by one
key x/good.example/s1.private x/link.example/real.pem x/open.example/s1.pem x/shared.example/s1.pem
ln -s "$PWD/s/two.example/a.private" x/good.example/out.private
ln -s /etc/passwd x/good.example/passwd
ln -s "$PWD/s" x/out.example
ln -s loop x/good.example/loop
ln -s real.pem x/link.example/alias.pem
ln -s .. x/link.example/up
mkfifo x/good.example/fifo.key
chmod 666 x/open.example/s1.pem
chmod 777 x/shared.example
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -aes256 -pass pass:x -out x/good.example/locked.pem 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out x/good.example/short.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out x/good.example/ec.pem 2>/dev/null
head -c 70000 /dev/zero >x/good.example/huge.key
echo nonsense >x/good.example/none.private
printf 'thirty-two octets that are text.' >x/good.example/text.key
: >x/good.example/empty.pem
key x/bad..name/s1.pem x/good.example/'bad selector.pem' x/nobody.private
m key import --tree x
states | grep -v -e two -e one

# nothing there
mkdir -p empty n
echo note >n/note.txt
m key import --tree empty
m key import --tree n
m key import --tree missing
chmod 777 empty
m key import --tree empty
m key import --tree t example.com
m key import --selector a example.com s1 --private t/example.com/mail.private
m --dry-run key import --tree t/example.com --selector 'a b'
# a folder that is itself a domain's
rm -rf "$ROOT"
mkdir "$ROOT"
m --dry-run key import --tree t/example.com --format tsv | cut -f 1-7
