m server set mta.hostname mx.example.com
m key list
m domain add example.com example.net
m domain enable-dkim example.com example.net
m key list | undated
m key list example.net | undated
m --json key list | undated | unkeyed
m --format tsv key list | undated | unkeyed
m key list nowhere.example
