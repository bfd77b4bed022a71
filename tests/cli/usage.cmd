m
m serve list
m server lst
m server
m --no-such-option server list
m server get
m help server set
m --format xml server list
m --version | sed -E 's/[0-9]+\.[0-9]+\.[0-9]+/VERSION/'
