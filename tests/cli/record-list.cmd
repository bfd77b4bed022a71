m server set mta.hostname mx.example.com
m domain add example.com
m record list example.com
m domain enable-dkim example.com
m record list example.com | unkeyed
m --json record list example.com | unkeyed
m record list example.net
