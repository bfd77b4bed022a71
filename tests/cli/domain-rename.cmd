m server set mta.hostname mx.example.com
m domain add example.com example.net
m domain enable-dkim example.com
m domain rename example.com example.org
m domain show example.org | undated
m domain rename example.org example.net
m domain rename nowhere.example other.example
m --json domain rename example.org example.edu
m domain list
