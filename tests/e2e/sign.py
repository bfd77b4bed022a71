"""Signs messages with the key of elsewhere, /srv/sender.pem, selector "sel".  usage: sign.py < ROWS

A row is "ID DOMAIN": the message is /tmp/out/ID (lines that end in LF); its signature is put on top.
"""
import sys

import dkim

with open('/srv/sender.pem', 'rb') as pem:
    key = pem.read()
for row in sys.stdin:
    ident, domain = row.split()
    path = '/tmp/out/' + ident
    with open(path, 'rb') as file:
        message = file.read().replace(b'\n', b'\r\n')
    signature = dkim.sign(message, b'sel', domain.encode(), key, include_headers=[b'from', b'to'])
    with open(path, 'wb') as file:
        file.write((signature + message).replace(b'\r\n', b'\n'))
