here() { sed -E "s#SCRATCH/[a-z]+/##g"; }
m server set mta.hostname mx.example.com
m domain add example.com example.net
printf '$TTL 3600\n@ IN SOA ns root ( 5 ; serial\n\t1 2 3 4 )\n IN NS ns\nns IN A 192.0.2.1\n@ IN TXT "token"\n' >zone
cp zone before
chmod 640 zone
m --dry-run zone export example.com --into zone 2>&1 | here
diff before zone && echo same
m zone export example.com --into zone 2>&1 | here
undated <zone | diff before -
stat -c %a zone
named-checkzone -q example.com zone && echo accepted
stat -c %i zone >inode
m zone export example.com --into zone 2>&1 | here
stat -c %i zone | diff inode - && echo same
m record add example.com www A 192.0.2.7
m --json zone export example.com --into zone 2>&1 | here
grep -c 192.0.2.7 zone
ls -A
# refused, and left as it is
cp zone kept
m zone export example.net --into zone 2>&1 | here
ln -s zone link
m zone export example.com --into link 2>&1 | here
m zone export example.com --into none 2>&1 | here
echo 'www IN A 192.0.2.8' >>zone
m zone export example.com --into zone 2>&1 | here
sed '$d' zone | cmp - kept && echo same
m zone export --all --into zone
m zone export example.com example.net --into zone
m zone export example.com --as nsupdate --into zone
