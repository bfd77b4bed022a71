"""How long messages take through services of Postfix on this host, side by side.

usage: smtp_time.py COUNT SENDER PORT...

Sends one message after the other to each port in turn, over one connection to each, and prints the
median for each port in microseconds, from MAIL to the answer to the message, in one line.
"""
import smtplib
import statistics
import sys
import time

count, sender = int(sys.argv[1]), sys.argv[2]
ports = [int(port) for port in sys.argv[3:]]
message = (f'From: {sender}\r\nTo: somebody@example.net\r\nSubject: a bench\r\n'
           'Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-Id: <bench@bench.example>\r\n\r\nhello\r\n')
smtp = [smtplib.SMTP('127.0.0.1', port, timeout=60) for port in ports]
times = [[] for _ in ports]
for _ in range(count):
    for connection, took in zip(smtp, times):
        start = time.monotonic()
        connection.sendmail(sender, ['somebody@example.net'], message)
        took.append(time.monotonic() - start)
for connection in smtp:
    connection.quit()
print(' '.join(f'{statistics.median(took) * 1e6:.1f}' for took in times))
