m server set mta.hostname mx.example.com
m domain add example.com
m domain enable-dkim example.com
m domain suspend example.com
m domain resume example.com
m key list | undated
m --json domain resume example.com
m domain resume example.net
