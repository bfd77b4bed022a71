m server set mta.hostname mx.example.com
m domain add example.com
m domain enable-dkim example.com
m domain suspend example.com
m domain show example.com | undated
m key list | undated
m --json domain suspend example.com
m domain suspend example.net
