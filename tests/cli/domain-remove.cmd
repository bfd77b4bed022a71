m server set mta.hostname mx.example.com
m domain add example.com example.net example.org
m domain add alias.example --alias-of example.com
m domain remove example.net
m domain remove example.net
# a main domain goes after its aliases
m domain remove example.com
m domain remove alias.example example.com
m --json domain remove example.org
m domain list
