m server set mta.hostname mx.example.com
m domain add example.com example.net
m domain enable-dkim example.com example.net
m domain disable-dkim example.com
m key list | undated
m record list example.com | unkeyed
m --json domain disable-dkim example.net --now
m key list | undated
m record list example.net
m domain disable-dkim nowhere.example
m domain disable-dkim --all
