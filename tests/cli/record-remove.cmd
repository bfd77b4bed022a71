m server set mta.hostname mx.example.com
m domain add example.com
m record add example.com www A 192.0.2.80
m record remove example.com t2
m record list example.com
m --json record remove example.com t1
m record list example.com
m record remove example.com t9
