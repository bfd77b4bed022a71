"""Runs the examples of README.md and of the man pages on the throw-away mail host; TAP.

usage: examples.py README.md PAGE...

A page's literal block is a session, whose lines that begin with "# " are typed and whose other
lines are what is then seen ("\\&# " begins such a line, too); or one command a line, which the
comment in front says.  In what is seen "..." stands for anything, see is_like().  The status must
be 0 unless the comment .\\" status N stands in front of the command.  README's blocks show commands
alone: 0 or 3 is well.  What is neither is in the table `special` below: how it is tried here, or
where it is instead.  A block that nothing knows is a failure.
"""
import os
import pty
import re
import shlex
import subprocess
import sys

count = failed = 0


def result(is_good, name, shown=''):
    global count, failed
    count += 1
    failed += not is_good
    print(('ok' if is_good else 'not ok') + f' {count} - {name}')
    if not is_good:
        for line in shown.splitlines()[:60]:
            print('# ' + line)
    sys.stdout.flush()


def run(command, text=None):
    """Types a command; a question is answered with y.  Gives its status and what is seen."""
    if text is None:
        ours, stdin = pty.openpty()
        os.write(ours, b'y\n')
    done = subprocess.run(['bash', '-c', command], cwd='/root',
                          stdin=stdin if text is None else None, input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    if text is None:
        os.close(stdin)
        os.close(ours)
    return done.returncode, done.stdout.decode('utf-8', 'replace')


def first_line(text):
    return text.split('\n')[0]


def lines_of(text):
    return '\n'.join(line.rstrip() for line in text.rstrip('\n').split('\n'))


def is_like(seen, wanted):
    """A line "..." stands for lines, or for the rest of the one before; "..." in a line for a part
    of it."""
    pattern = ''
    for line in lines_of(wanted).split('\n'):
        if line == '...':
            pattern += r'[^\n]*(\n.*)?'
        else:
            pattern += r'\n' + r'[^\n]*'.join(re.escape(part) for part in line.split('...'))
    return re.fullmatch(pattern, '\n' + lines_of(seen), re.DOTALL) is not None


# ---- blocks ------------------------------------------------------------------------------------


class Block:
    def __init__(self, name, number, mark=''):
        self.where, self.mark, self.lines = f'{name}:{number}', mark, []

    def text(self):
        return '\n'.join(self.lines)


def page_blocks(path):
    """Literal blocks of mdoc, as they are read."""
    name, mark, block = os.path.basename(path), '', None
    for number, line in enumerate(open(path, encoding='utf-8').read().split('\n'), 1):
        if line.startswith('.Bd -literal'):
            block = Block(name, number, mark)
        elif line == '.Ed' and block:
            yield block
            block = None
        elif block and not re.match(r'\.\\" status \d', line):
            seen = '\0' if line.startswith('\\&#') else ''
            block.lines.append(seen + re.sub(r'\\(.)', lambda m: {'e': '\\', '&': ''}[m[1]], line))
        elif block:
            block.lines.append(line)
        mark = line


def readme_blocks(path):
    """Code blocks of Markdown: lines behind four blanks; an empty line ends a block here."""
    block = None
    for number, line in enumerate(open(path, encoding='utf-8').read().split('\n') + [''], 1):
        if line.startswith('    '):
            block = block or Block('README.md', number)
            block.lines.append(line[4:])
        elif block:
            yield block
            block = None


# ---- running -----------------------------------------------------------------------------------


each_line = '.\\" Each line is a command.'


def run_session(block):
    status, commands = 0, []
    for line in block.lines:
        if line.startswith('.\\" status '):
            status = int(line.split()[-1])
        elif line.startswith('# '):
            commands.append([status, line[2:], []])
            status = 0
        elif re.search(r'[\\|]$', commands[-1][1]) and not commands[-1][2]:
            commands[-1][1] += '\n' + line
        else:
            commands[-1][2].append(line.removeprefix('\0'))
    for status, command, wanted in commands:
        wanted = '\n'.join(wanted)
        got, seen = run(command)
        result(got == status and is_like(seen, wanted), f'{block.where}: {first_line(command)}',
               f'exit status {got}, wanted {status}\n--- seen\n{seen}--- in the page\n{wanted}')


def run_commands(block, before=None):
    for command in re.sub(r'\\\n\s*', '', block.text()).split('\n'):
        if before:
            run(f'{before} {shlex.quote(command)}')
        if command.startswith('sudo '):
            command = f'cd /tmp; runuser -u alice -- {command}'
        got, seen = run(command)
        is_bad = block.where.startswith('README') and 'the usual value' in seen
        result(got in (0, 3) and not is_bad, f'{block.where}: {command}', f'exit status {got}\n{seen}')


def elsewhere(why):
    def note(block):
        print(f'# {block.where}: not here: {why}: {block.lines[0]}')
    return note


# ---- what is no plain command --------------------------------------------------------------------

zones = '/var/lib/mailauthctl/zones'


def try_cron(block):
    """Lines of a crontab: five fields, an account, a command that says nothing."""
    for line in block.lines:
        fields = line.split(None, 6)
        times = all(re.fullmatch(r'(\*|\d+)(-\d+)?(/\d+)?', field) for field in fields[:5])
        result(times and fields[5] == 'root', f'{block.where}: five fields and an account')
        got, seen = run(fields[6])
        result(got == 0 and seen == '', f'{block.where}: {fields[6]}', seen)


def write_script(path, block):
    with open(path, 'w', encoding='ascii') as script:
        script.write(block.text() + '\n')
    os.chmod(path, 0o755)


def write_zone(block):
    """A zone of the admin's own with the block at its end, for NSD."""
    os.makedirs('/etc/zones', exist_ok=True)
    with open('/etc/zones/example.com', 'w', encoding='ascii') as zone:
        zone.write('$TTL 60\nexample.com. SOA ns.example.com. root.example.com. (\n\t1 ; serial\n'
                   '\t3600 600 86400 60 )\n@ NS ns\nns A 192.0.2.1\nsrs A 192.0.2.1\n')
        zone.write(block.text() + '\n')
    with open('/etc/nsd/nsd.conf.d/example.conf', 'w', encoding='ascii') as conf:
        conf.write('zone:\n name: example.com\n zonefile: /etc/zones/example.com\n')


def try_include(block):
    """That zone is one, and NSD takes it."""
    write_zone(block)
    for command in ('nsd-checkzone example.com /etc/zones/example.com',
                    'cd /etc/zones && named-checkzone example.com example.com'):
        got, seen = run(command)
        result(got == 0, f'{block.where}: {command}', seen)
    got, seen = run('nsd-control reconfig && nsd-control reload')
    result(got == 0, f'{block.where}: NSD serves it', seen)


def try_zone_changed(block):
    """The script that raises the serial, which exports have called already."""
    path = '/usr/local/sbin/zone-changed'
    got, seen = run(f'sh -n {path} && {path} example.com && {path} example.com')
    serial = re.search(r'(\d+) ; serial', open('/etc/zones/example.com', encoding='ascii').read())
    result(got == 0, f'{block.where}: the script runs, twice', seen)
    result(serial[1].endswith('01') and len(serial[1]) == 10,
           f'{block.where}: the serial went up by one', serial[0])
    got, seen = run('drill -Q SOA example.com @127.0.0.1')
    result(serial[1] in seen, f'{block.where}: and is served', seen)


def try_whole_zones(block):
    """A script for all zones, where NSD itself is told."""
    os.unlink('/etc/nsd/nsd.conf.d/example.conf')
    path = '/usr/local/sbin/all-zones'
    write_script(path, block)
    got, seen = run(f'sh -n {path} && mailauthctl server set zone.reload {path} && '
                    'mailauthctl record add example.com whole TXT served && '
                    'mailauthctl zone export --all')
    result(got == 0, f'{block.where}: an export runs the script', seen)
    got, seen = run('drill -Q TXT whole.example.com @127.0.0.1')
    result('served' in seen, f'{block.where}: NSD serves the zone', seen)


def with_stub(block, program):
    """Runs the lines in the zones' folder with `program` noting how it was called."""
    stub = f'/usr/local/sbin/{program}'
    with open(stub, 'w', encoding='ascii') as script:
        script.write('#!/bin/sh\necho "$*" >>/tmp/stub.log\n')
    os.chmod(stub, 0o755)
    os.makedirs(f'/etc/{"bind" if program == "rndc" else "knot"}', exist_ok=True)
    got, seen = run(f'rm -f /tmp/stub.log; cd {zones} && sh -eu', block.text().encode())
    calls = [shlex.join(line.split()[1:]) for line in block.lines if line.startswith(program)]
    called = open('/tmp/stub.log', encoding='ascii').read().split('\n')[:-1]
    result(got == 0 and called == calls, f'{block.where}: {program} is called', seen)


def try_bind(block):
    with_stub(block, 'rndc')
    got, seen = run('named-checkconf -z /etc/bind/mailauthctl.conf')
    result(got == 0 and 'zone example.com/IN: loaded serial' in seen,
           f'{block.where}: named-checkconf takes the file and loads the zones', seen)


def try_knot(block):
    with_stub(block, 'knotc')
    made = open('/etc/knot/mailauthctl.conf', encoding='ascii').read()
    names = open(f'{zones}/zones.list', encoding='ascii').read().split()
    result(made == 'zone:\n' + ''.join(f'  - domain: {name}\n    file: {zones}/{name}.zone\n'
                                       for name in names), f'{block.where}: the file is made', made)


def try_sudoers(block):
    """sudo takes the rule; alice is one of whom it speaks."""
    with open('/etc/sudoers.d/mailauthctl', 'w', encoding='ascii') as rules:
        rules.write(block.text() + '\n')
    got, seen = run('groupadd customers; useradd -m -g customers alice; '
                    'chmod 0440 /etc/sudoers.d/mailauthctl; visudo -c')
    result(got == 0, f'{block.where}: sudo takes the rule', seen)


def try_config(block):
    """A file of the configuration is understood, and would change what it says."""
    got, seen = run('mailauthctl config diff -', block.text().encode() + b'\n')
    result(got == 3 and 'example.org' in seen, f'{block.where}: config diff', seen)
    got, seen = run('mailauthctl --dry-run config import -', block.text().encode() + b'\n')
    result(got == 0, f'{block.where}: config import', seen)


script_for_zones = r'#!/bin/sh -eu\n# /usr/local/sbin/zone-changed'
def try_foreign_keys(block):
    """Two keys of a domain that no table names, one that OpenDKIM's names, one of rspamd's."""
    for path in ('opendkim/keys/example.com/s2024.private', 'opendkim/keys/example.com/s2025.private',
                 'opendkim/keys/old.example/mail.private', 'rspamd/dkim/older.example.key'):
        path = '/etc/' + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        run(f'umask 077; openssl genrsa -out {path} 2048')
    with open('/etc/opendkim/KeyTable', 'w') as table:
        table.write('old old.example:mail:/etc/opendkim/keys/old.example/mail.private\n')
    os.makedirs('/etc/rspamd/local.d', exist_ok=True)
    with open('/etc/rspamd/local.d/dkim_signing.conf', 'w') as conf:
        conf.write('domain {\n  older.example {\n    path = "/etc/rspamd/dkim/older.example.key";\n'
                   '    selector = "rs";\n  }\n}\n')
    run_commands(block)


special = [
    (r'mailauthctl key import --tree ', try_foreign_keys),
    (r'sudo make (quickstart|check) ', elsewhere('debian/quickstart.sh, and this test')),
    (r'sudo debian/setup.sh (build|deb) ', elsewhere('make check-install')),
    (r'sudo apt-get install postfix opendkim ', elsewhere('tests/e2e/host, make check-install')),
    (r'\*/\d+ \* \* \* \*  root  \S+mailauthctl ', try_cron),
    (r'\$INCLUDE /', try_include),
    (script_for_zones, try_zone_changed),
    (r'%customers ALL=', try_sudoers),
    (r'# yaml-language-server: .*\nformat: 1\n', try_config),
    (r'#!/bin/sh -eu\ncd ', try_whole_zones),
    (r'sed "s\|\.\*\|zone \\"', try_bind),
    (r"sed -e '1i zone:'", try_knot),
]


def try_block(block):
    for pattern, handler in special:
        if re.match(pattern, block.text()):
            handler(block)
            return
    if block.mark == '.\\" No command.':
        pass
    elif re.match(r'(\.\\" status \d\n)?# ', block.text()) and not block.where.startswith('README'):
        run_session(block)
    elif block.where.startswith('README') and all(
            re.match('(sudo )?mailauthctl ', line) for line in block.lines):
        run_commands(block)
    else:
        result(False, f'{block.where}: nothing knows this block', block.text())


def main():
    readme, *pages = sys.argv[1:]
    blocks = list(readme_blocks(readme))
    # what "Five minutes" takes from "Name servers"
    for block in blocks:
        if block.text().startswith('$INCLUDE'):
            write_zone(block)
        elif re.match(script_for_zones, block.text()):
            write_script('/usr/local/sbin/zone-changed', block)
    for block in blocks:
        # the first commands are the main job as a whole, the others begin again
        if block.lines[0] == 'mailauthctl server list':
            run('/e2e/start-again')
        try_block(block)
    for path in pages:
        blocks = list(page_blocks(path))
        rows = [block for block in blocks if block.mark == each_line]
        if rows:
            run('/e2e/start-again prepared')
        for block in rows:
            run_commands(block, '/e2e/restore')
        run('/e2e/start-again ' + os.path.basename(path))
        for block in blocks:
            if block not in rows:
                try_block(block)
    print(f'1..{count}')
    return failed > 0 or count == 0


sys.exit(main())
