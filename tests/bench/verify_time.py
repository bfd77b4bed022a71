"""How long messages take through services of Postfix on this host, side by side.

usage: verify_time.py time|many COUNT MESSAGE SENDER PORT...

From 192.0.2.1 to 192.0.2.2.  time: one message after the other to each port in turn, over one connection
to each; prints the median and the least for each port in microseconds, from MAIL to the answer to the
message.  many: ten connections at once to one port after the other; prints the messages a second for
each port.
"""
import smtplib
import statistics
import sys
import threading
import time

kind, count, path, sender = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
ports = [int(port) for port in sys.argv[5:]]
with open(path, "rb") as file:
    message = file.read().replace(b"\n", b"\r\n")


def connect(port):
    return smtplib.SMTP("192.0.2.2", port, local_hostname="mail.bench.example.net", timeout=120,
                        source_address=("192.0.2.1", 0))


def send(connection):
    start = time.monotonic()
    connection.sendmail(sender, ["somebody@example.net"], message)
    return time.monotonic() - start


def send_many(port, start):
    connection = connect(port)
    send(connection)
    start.wait()
    for _ in range(count):
        send(connection)
    connection.quit()


def time_one():
    smtp = [connect(port) for port in ports]
    times = [[] for _ in ports]
    for turn in range(count + 1):
        for connection, took in zip(smtp, times):
            seconds = send(connection)
            if turn:  # the first one starts programs
                took.append(seconds)
    for connection in smtp:
        connection.quit()
    print(" ".join(f"{statistics.median(took) * 1e6:.0f} {min(took) * 1e6:.0f}" for took in times))


def time_many():
    rates = []
    for port in ports:
        start = threading.Barrier(11)
        threads = [threading.Thread(target=send_many, args=(port, start)) for _ in range(10)]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.monotonic()
        for thread in threads:
            thread.join()
        rates.append(10 * count / (time.monotonic() - began))
    print(" ".join(f"{rate:.1f}" for rate in rates))


time_one() if kind == "time" else time_many()
