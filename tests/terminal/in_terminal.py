#!/usr/bin/env python3
"""Runs a command in a terminal of so many columns; its octets come out as they are, "\\r\\n" as "\\n".

usage: tests/terminal/in_terminal.py COLUMNS COMMAND...
environment: TYPED: a line that a person types
"""
import fcntl, os, pty, struct, sys, termios

columns, command = int(sys.argv[1]), sys.argv[2:]
typed = os.environ.pop("TYPED", None)
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    os.execvp(command[0], command)
if typed:
    os.write(fd, typed.encode() + b"\n")
text = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:  # the last one has closed the terminal
        break
    if not part:
        break
    text += part
sys.stdout.buffer.write(text.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
