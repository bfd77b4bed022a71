"""Signs messages with the key of elsewhere, /srv/sender.pem.  usage: sign.py < ROWS

A row is "ID DOMAIN [SELECTOR]", the selector "sel" if there is none: the message is /tmp/out/ID (lines that
end in LF); its signature is put on top.
"""
import sys

import dkim

with open('/srv/sender.pem', 'rb') as pem:
    key = pem.read()
for row in sys.stdin:
    ident, domain, *rest = row.split()
    path = '/tmp/out/' + ident
    with open(path, 'rb') as file:
        message = file.read().replace(b'\n', b'\r\n')
    selector = (rest or ['sel'])[0].encode()
    signature = dkim.sign(message, selector, domain.encode(), key, include_headers=[b'from', b'to'])
    with open(path, 'wb') as file:
        file.write((signature + message).replace(b'\r\n', b'\n'))
