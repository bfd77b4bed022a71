m server set mta.hostname mx.example.com
m domain add example.com
m record set example.com t1 'v=spf1 mx -all'
m record remove example.com t2
m record list example.com
m record reset example.com t1
m record list example.com
m --json record reset example.com --all
m record list example.com
