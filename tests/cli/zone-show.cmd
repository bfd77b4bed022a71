m server set mta.hostname mx.example.com
m domain enable-dkim example.com
m zone show example.com | unkeyed
m --json zone show example.com | unkeyed
m zone show example.com --paste | unkeyed
m --json zone show example.com --paste | unkeyed
m --format tsv zone show example.com --paste | unkeyed
m zone show example.net
