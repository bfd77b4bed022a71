m domain list
m --json domain list
m server set mta.hostname mx.example.com
m domain add example.com example.net
m domain add alias.example --alias-of example.com
m domain enable-dkim example.com
m domain suspend example.net
m domain list | undated
m --json domain list | undated
m --format tsv domain list | undated
