"""A content filter: takes messages by SMTP, puts a header field on top, and returns them by SMTP.

usage: filter.py LISTEN TO [SOURCE]

LISTEN and TO are HOST:PORT, SOURCE is the address that messages are returned from.  What the server
at TO answers is answered to the client.  With "map" for TO it is a table of the type tcp instead,
which answers "FILTER prog:x" to every question.
"""
import smtplib
import socket
import sys
import threading


def place(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def give_back(sender, recipients, message):
    try:
        smtp = smtplib.SMTP(*place(sys.argv[2]), timeout=30,
                            source_address=(sys.argv[3], 0) if len(sys.argv) > 3 else None)
        smtp.ehlo('filter.example')
        for line in ['MAIL FROM:<%s>' % sender] + ['RCPT TO:<%s>' % r for r in recipients] + ['DATA']:
            code, text = smtp.docmd(line)
            if code // 100 not in (2, 3):
                return b'%d %s' % (code, text.replace(b'\n', b' '))
        smtp.send(b'X-Filter: %s\r\n' % sys.argv[1].encode() + message + b'.\r\n')
        code, text = smtp.getreply()
        smtp.close()
        return b'%d %s' % (code, text.replace(b'\n', b' '))
    except (OSError, smtplib.SMTPException) as error:
        return b'451 %s' % str(error).encode().replace(b'\n', b' ')


def serve(client):
    stream, sender, recipients = client.makefile('rb'), '', []

    def answer(line):
        client.sendall(line + b'\r\n')

    if sys.argv[2] == 'map':
        for _ in stream:
            client.sendall(b'200 FILTER%20prog:x\n')
        return
    answer(b'220 filter')
    for line in stream:
        verb = line[:4].upper()
        if verb == b'MAIL':
            sender, recipients = line.decode().split('<')[1].split('>')[0], []
            answer(b'250 OK')
        elif verb == b'RCPT':
            recipients.append(line.decode().split('<')[1].split('>')[0])
            answer(b'250 OK')
        elif verb == b'DATA':
            answer(b'354 go on')
            message = b''
            for part in stream:
                if part == b'.\r\n':
                    break
                message += part
            answer(give_back(sender, recipients, message))
        elif verb == b'QUIT':
            answer(b'221 bye')
            break
        else:
            answer(b'250 OK')


listen = place(sys.argv[1])
server = socket.create_server(listen, family=socket.AF_INET6 if ':' in listen[0] else socket.AF_INET)
while True:
    connection, _ = server.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
