"""What a mail host has around it, as small as a test needs it.  usage: servers.py NAME

dns     On 192.0.2.8, in front of NSD: writes each question into /tmp/questions and passes it on;
        names below silent.example get no answer at all.
logins  The login server that smtpd asks (Dovecot's protocol): takes every name and password.
syslog  /dev/log: each line goes into /tmp/syslog.
"""
import os
import socket
import sys


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


{'dns': dns, 'logins': logins, 'syslog': syslog}[sys.argv[1]]()
