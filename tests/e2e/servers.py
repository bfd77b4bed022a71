"""What a mail host has around it, as small as a test needs it.  usage: servers.py NAME

dns     On 192.0.2.8, in front of NSD: writes each question into /tmp/questions and passes it on;
        names below silent.example get no answer at all.
logins  The login server that smtpd asks (Dovecot's protocol): takes every name and password.
lmtp    On private/sink of Postfix: takes every message for delivery.
sink    On 198.51.100.5:2525, the next hop: takes every message.  Both write it into /tmp/NAME/, its
        MAIL and RCPT commands first.
syslog  /dev/log: each line goes into /tmp/syslog.
footer  A milter on 127.0.0.1:9900 that adds a line to every body, as disclaimers do.
"""
import os
import socket
import struct
import sys
import time


def listen(kind, path):
    server = socket.socket(socket.AF_UNIX, kind)
    server.bind(path)
    os.chmod(path, 0o666)
    return server


def question(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode('latin-1').lower())
        at += 1 + packet[at]
    return '.'.join(labels)


def dns():
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(('192.0.2.8', 53))
    with open('/tmp/questions', 'w', buffering=1) as log:
        while True:
            packet, client = front.recvfrom(65535)
            name = question(packet)
            log.write(name + '\n')
            if name.endswith('silent.example'):
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as behind:
                behind.settimeout(2)
                try:
                    behind.sendto(packet, ('127.0.0.1', 53))
                    front.sendto(behind.recv(65535), client)
                except OSError:
                    pass


def logins():
    server = listen(socket.SOCK_STREAM, '/var/spool/postfix/private/auth')
    server.listen()
    while True:
        client, _ = server.accept()
        if os.fork():
            client.close()
            continue
        client.sendall(b'VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n')
        for line in client.makefile():
            words = line.rstrip('\n').split('\t')
            if words[0] == 'AUTH':
                client.sendall(('OK\t%s\tuser=user\n' % words[1]).encode())
        os._exit(0)


def syslog():
    server = listen(socket.SOCK_DGRAM, '/dev/log')
    with open('/tmp/syslog', 'w', buffering=1) as log:
        while True:
            log.write(server.recv(65535).decode('latin-1') + '\n')


def receive(client, folder):
    stream, commands, rcpts = client.makefile('rb'), [], 0

    def answer(line):
        client.sendall(line.encode() + b'\r\n')

    answer('220 sink')
    for line in stream:
        verb = line[:4].upper()
        if verb in (b'EHLO', b'LHLO'):
            answer('250 sink')
        elif verb in (b'MAIL', b'RCPT'):
            if verb == b'MAIL':
                commands, rcpts = [], 0
            commands.append(line)
            rcpts += verb == b'RCPT'
            answer('250 OK')
        elif verb == b'DATA':
            answer('354 go on')
            body = b''
            for line in stream:
                if line == b'.\r\n':
                    break
                body += line
            name = os.path.join(folder, '%d' % time.monotonic_ns())
            with open(name + '.part', 'wb') as message:
                message.write(b''.join(commands) + b'\r\n' + body)
            os.rename(name + '.part', name)
            for _ in range(rcpts if folder.endswith('lmtp') else 1):
                answer('250 taken')
        elif verb == b'QUIT':
            answer('221 bye')
            break
        else:
            answer('250 OK')


def serve(server, folder):
    os.makedirs(folder, exist_ok=True)
    server.listen()
    while True:
        client, _ = server.accept()
        if not os.fork():
            receive(client, folder)
            os._exit(0)
        client.close()


def lmtp():
    serve(listen(socket.SOCK_STREAM, '/var/spool/postfix/private/sink'), '/tmp/lmtp')


def sink():
    serve(socket.create_server(('198.51.100.5', 2525)), '/tmp/sink')


def footer():
    server = socket.create_server(('127.0.0.1', 9900))
    while True:
        client, _ = server.accept()
        if os.fork():
            client.close()
            continue
        body, stream = b'', client.makefile('rb')

        def answer(code, data=b''):
            client.sendall(struct.pack('>I', 1 + len(data)) + code + data)

        while True:
            size = stream.read(4)
            if len(size) < 4:
                os._exit(0)
            packet = stream.read(struct.unpack('>I', size)[0])
            command, data = packet[:1], packet[1:]
            if command == b'O':  # version 6, may change the body, wants no headers
                answer(b'O', struct.pack('>III', 6, 2, 0x01 | 0x02 | 0x04 | 0x08 | 0x20 | 0x40))
            elif command == b'B':
                body += data
                answer(b'c')
            elif command == b'E':
                answer(b'b', body + b'-- \r\nSent by example.test\r\n')
                answer(b'c')
                body = b''
            elif command == b'A':
                body = b''
            elif command == b'Q':
                os._exit(0)
            elif command not in b'DK':
                answer(b'c')


{'dns': dns, 'footer': footer, 'lmtp': lmtp, 'logins': logins, 'sink': sink,
 'syslog': syslog}[sys.argv[1]]()
