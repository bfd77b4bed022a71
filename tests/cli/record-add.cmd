m server set mta.hostname mx.example.com
m domain add example.com
m record add example.com www A 192.0.2.80
m record add example.com @ MX '10 mail.example.com.'
m --json record add example.com @ TXT 'text; "quoted" \ as typed' --ttl 60
m record list example.com
m record add example.com @ TXT 'v=spf1 -all'
m record add example.com www A 192.0.2.300
m record add example.com www.example.net. A 192.0.2.80
m record list example.com
