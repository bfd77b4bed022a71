m domain add example.com
m --json domain add example.net example.org
m domain add example.com
# all or nothing
m domain add example.edu not_a/name
m domain list
m domain add Bücher.example
m domain add www.example.com. --alias-of example.com
m domain list
printf 'one.example\ntwo.example\n' | m domain add --domains-from -
m domain list
m domain add -- a..b
m --dry-run domain add dry.example
m domain show dry.example
