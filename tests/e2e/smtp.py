"""Messages through port 25, many in one connection, each answered before the next is sent.

usage: smtp.py CLIENT [login] < ROWS

CLIENT is the address to send from.  A row is "HELO SENDER RECIPIENT [RECIPIENT...]", the sender
without angle brackets, "<>" for the null sender; "!COMMAND" is run by the shell between MAIL and
RCPT of the next row.  Prints one line for a row: the replies to its recipients as they are,
separated by " | ".  What was accepted is sent with "HELO SENDER" as Subject and with the header
lines of the file /tmp/headers, if there is one, on top.
"""
import os
import smtplib
import subprocess
import sys

client = sys.argv[1]
server = '127.0.0.1' if client.startswith('127.') else '192.0.2.1'
smtp = smtplib.SMTP(server, 25, source_address=(client, 0), timeout=60)
if 'login' in sys.argv[2:]:
    smtp.ehlo('client.example')
    smtp.login('user', 'password')
headers = ''
if os.path.exists('/tmp/headers'):
    with open('/tmp/headers') as lines:
        headers = lines.read()
command = None
for row in sys.stdin:
    if row.startswith('!'):
        command = row[1:]
        continue
    helo, sender, *recipients = row.split()
    smtp.ehlo(helo)
    code, text = smtp.mail('' if sender == '<>' else sender)
    if code != 250:
        print(code, text.decode())
        smtp.rset()
        continue
    if command:
        subprocess.run(command, shell=True, check=True)
        command = None
    replies = [smtp.rcpt(recipient) for recipient in recipients]
    print(' | '.join('%d %s' % (code, text.decode().replace('\n', ' ')) for code, text in replies),
          flush=True)
    if any(code == 250 for code, _ in replies):
        code, text = smtp.data('%sFrom: %s\nSubject: %s %s\n\nhello\n' % (
            headers, 'mailer-daemon@' + helo if sender == '<>' else sender, helo, sender))
        if code != 250:
            print(code, text.decode())
    else:
        smtp.rset()
smtp.quit()
