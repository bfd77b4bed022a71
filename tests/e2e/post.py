"""Messages through SMTP as they are, octet for octet, many at a time, each in a connection of its own.

usage: post.py < ROWS

A row is "ID CLIENT SENDER [login] [utf8] [port=N]": the message is the file /tmp/out/ID (lines that end in
LF), sent from the address CLIENT to inbox@example.test with HELO mail.<domain of SENDER>; a sender
"<>" is the null sender, with HELO client.example; utf8 is SMTPUTF8.  Prints "ID REPLY" for each row, in
their order: the reply to the end of the message, or the first one that was no success.
"""
import smtplib
import sys
from concurrent.futures import ThreadPoolExecutor


def reply(code, text):
    return '%d %s' % (code, text.decode('latin-1').replace('\n', ' '))


def post(row):
    ident, client, sender, *options = row.split()
    port = next((int(o[5:]) for o in options if o.startswith('port=')), 25)
    with open('/tmp/out/' + ident, 'rb') as message:
        octets = message.read().replace(b'\n', b'\r\n')
    octets = octets.replace(b'\r\n.', b'\r\n..')
    helo = 'client.example' if sender == '<>' else 'mail.' + sender.split('@')[1].encode('idna').decode()
    server = '127.0.0.1' if client.startswith('127.') else '192.0.2.1'
    try:
        smtp = smtplib.SMTP(server, port, source_address=(client, 0), timeout=60)
        smtp.ehlo(helo)
        if 'login' in options:
            smtp.login('user', 'password')
        utf8 = ' SMTPUTF8' if 'utf8' in options else ''
        smtp.command_encoding = 'utf-8' if utf8 else 'ascii'
        for line in ('MAIL FROM:' + (sender if sender == '<>' else '<%s>' % sender) + utf8,
                     'RCPT TO:<inbox@example.test>', 'DATA'):
            code, text = smtp.docmd(line)
            if code // 100 not in (2, 3):
                return reply(code, text)
        smtp.send(octets + b'.\r\n')
        code, text = smtp.getreply()
        smtp.close()
        return reply(code, text)
    except (OSError, smtplib.SMTPException) as error:
        return '000 %s' % error


rows = [row for row in sys.stdin if row.strip()]
with ThreadPoolExecutor(12) as threads:
    for row, answer in zip(rows, threads.map(post, rows)):
        print(row.split()[0], answer)
