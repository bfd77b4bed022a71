m
m serve list
m server lst
m server
m --no-such-option server list
m server get
m help server set
m help template
m help template apply
m help spf.continue-on-dns-error
m help spf.mod
m help tempate
m help spf.mode now
m help 'mailauthctl-template(5)' | head -3
m --format xml server list
m --version | sed -E 's/[0-9]+\.[0-9]+\.[0-9]+/VERSION/'
