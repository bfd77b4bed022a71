m server set spf.mode reject-fail mta.hostname mx.example.com
m server list | grep -E '^(\$|Setting|spf\.|mta\.hostname)'
m --json server list | sed 1d | jq -c '.[] | select(.setting | startswith("spf."))'
m --format tsv server list | grep -E '^(setting|dkim\.)'
