"""Every command row and option as a customer, and lines at random; no change and no word of others.

The customer is alice.  Names that she must never hear of hold "hidden"; those that belong to her
do not.  A line that is not open to her must change nothing at all, one that is may change her own.

rows     each row: closed to her, or the same answer for somebody else's domain and for none
options  each option of each row, with files, descriptors, standard input
random   lines of words and options from the tables, for SECONDS
"""
import pwd
import random
import re
import sqlite3
import subprocess
import sys
import time

PROGRAM = '/usr/local/sbin/mailauthctl'
STORE = '/var/lib/mailauthctl/mailauthctl.db'
OPEN = {
    'dmarc lint', 'dmarc set', 'domain disable-dkim', 'domain enable-dkim', 'domain get', 'domain list',
    'domain set', 'domain show', 'domain unset', 'key check', 'key export', 'key lint', 'key list',
    'key show', 'record list', 'spf lint', 'spf set',
}
LIVE = {'spf lint', 'dmarc lint'}  # they look at DNS, not at the store
OWN, ALIAS = 'alice.test', 'www.alice.test'
THEIRS, ABSENT, NEAR = 'hidden-carol.test', 'absent-carol.test', 'hidden-carl.test'
failures = []


def complain(*words):
    failures.append(' '.join(str(word) for word in words))


def call(line, real=False, given='alice.test\n'):
    """Through sudo as alice, or as sudo would call it."""
    if real:
        done = subprocess.run(['sudo', '-n', PROGRAM, *line], user='alice', group='customers',
                              extra_groups=[], input=given, capture_output=True, text=True, cwd='/home/alice')
    else:
        uid = str(pwd.getpwnam('alice').pw_uid)
        done = subprocess.run([PROGRAM, *line], input=given, capture_output=True, text=True, cwd='/home/alice',
                              env={'SUDO_UID': uid, 'SUDO_USER': 'alice', 'SUDO_GID': uid})
    if done.returncode not in (0, 1, 2, 3):
        complain('exit status', done.returncode, line, done.stderr)
    said = done.stdout + done.stderr
    for word in sorted([*line, *given.split()], key=len, reverse=True):
        said = said.replace(word, '')
    if 'hidden' in said or 'PRIVATE KEY' in said:
        complain('tells what it must not:', line, said)
    return done


def dump(theirs_only):
    """The store's content; without what is alice's."""
    base = sqlite3.connect(f'file:{STORE}?mode=ro', uri=True)
    rows = []
    tables = [row[0] for row in base.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
    names = [OWN, ALIAS, 'given.test', 'second.test']
    ids = [row[0] for row in base.execute('SELECT id, name FROM domain') if row[1] in names]
    for table in tables:
        cursor = base.execute(f'SELECT * FROM {table}')
        columns = [column[0] for column in cursor.description]
        if theirs_only and table in ('change', 'change_item', 'dkim_private', 'export_dir', 'former_key', 'key_public'):
            continue
        for row in cursor:
            value = dict(zip(columns, row))
            value.pop('gen', None)
            mine = value.get('domain_id') in ids or (table == 'domain' and value['id'] in ids) or (
                table in ('zone_serial', 'export_file', 'zone_look') and value['name'] in [*names, 'hidden-alias.test'])
            if not (theirs_only and mine):
                rows.append((table, sorted(value.items(), key=lambda item: item[0])))
    if theirs_only:  # and nothing of the trail speaks of others
        names.append('hidden-alias.test')  # it is hers to sign, and publishes her key
        names_asked = ','.join('?' * len(names))
        rows.append(base.execute(
            'SELECT count(*) FROM change_item i JOIN change c ON c.id = i.change_id WHERE c.actor = ?'
            f' AND (i.domain IS NULL OR i.domain NOT IN ({names_asked}))', ['alice', *names]).fetchone())
    base.close()
    return [repr(row) for row in rows]


def compare(before, what):
    now = dump(theirs_only=True)
    if now != before:
        complain("others' rows have changed", what, sorted(set(before) ^ set(now))[:6])
    return now == before


def told(text):
    done = subprocess.run([PROGRAM, *text], capture_output=True, text=True, check=True)
    return done.stdout


def rows():
    found = []
    for noun in re.findall(r'^  ([a-z]+)', told(['help']).split('Options of')[0], re.M):
        if noun != 'help':
            text = told(['help', noun])
            several = re.findall(rf'^  ({noun} [a-z-]+)', text, re.M)
            found += several if several else [noun]
    return found


def options(text):
    """(name, whether it takes a value) of a help text's options."""
    part = re.split(r'^Options[^\n]*:\n', text, flags=re.M)
    return re.findall(r'^  (?:-\w, )?(--[a-z-]+)( <)?', part[1], re.M) if len(part) > 1 else []


ARGUMENTS = [[], ['{}'], ['{}', 'default'], ['{}', 'dkim.selector', 'x'], ['{}', 't1', 'v=spf1 -all'],
             ['{}', '@', 'TXT', 'x'], ['{}', 'v=DMARC1; p=none'], ['{}', '--all'], ['--all'], ['1']]


def try_rows():
    mine = dump(theirs_only=True)
    for row in rows():
        before = dump(theirs_only=False)
        for count, words in enumerate(ARGUMENTS):
            theirs, absent = ([word.format(name) for word in words] for name in (THEIRS, ABSENT))
            line = [*row.split(), *theirs]
            done = call(line, real=count == 1)
            if row not in OPEN and (done.returncode not in (1, 2) or (
                    done.returncode == 1 and 'is for administrators' not in done.stderr) or done.stdout):
                complain('not refused:', line, done.stdout, done.stderr)
            if row in LIVE or row == 'domain list' or '{}' not in words:
                continue
            other = call([*row.split(), *absent], real=count == 1)
            swap = other.stderr.replace(ABSENT, THEIRS), other.stdout.replace(ABSENT, THEIRS), other.returncode
            if swap != (done.stderr, done.stdout, done.returncode):
                complain('tells theirs from absent:', line, done.stderr, other.stderr)
            if done.returncode == 0:
                complain('done for somebody else:', line)
            call([*row.split(), *(word.format(NEAR) for word in words)])
        if row not in OPEN and dump(theirs_only=False) != before:
            complain('changed something:', row)
    compare(mine, 'at the end')


VALUES = ['/etc/shadow', '/root/secret', '../../root/secret', '/proc/self/fd/0', '/dev/stdin', 'link']


def try_options():
    mine = dump(theirs_only=True)
    glob = [option for option in options(told(['help'])) if option[0] not in ('--help', '--version')]
    for row in rows():
        own = options(told(['help', *row.split()]))
        every = own + (glob if row in ('domain set', 'domain list', 'server list', 'db check') else [])
        for name, value in every:
            before = dump(theirs_only=False)
            for count, text in enumerate(VALUES if value else ['']):
                if value:
                    forms = [[f'{name}={text}'], [name, text], ['--', name, text]][:2 if count else 3]
                else:
                    forms = [[name]]
                for form in forms:
                    line = [*row.split(), OWN, *form]
                    done = call(line, real=count == 0 and form is forms[0])
                    said = done.stdout + done.stderr
                    if 'hidden' in said or 'root:' in said:
                        complain('reads a file:', line, said)
                    takes_file = value and name in (
                        '--db', '--root', '--domains-from', '--zone', '--private', '--tree', '--resolver')
                    if takes_file and done.returncode == 0:
                        complain('takes a file:', line)
            call([*row.split(), OWN, name[:-1], 'x'])  # no abbreviations
            if row not in OPEN and dump(theirs_only=False) != before:
                complain('changed something:', row, name)
    compare(mine, 'at the end')


def try_random(seconds):
    chance = random.Random(20261122)
    table = [(row.split(), options(told(['help', *row.split()]))) for row in rows()]
    glob = options(told(['help']))
    words = [OWN, ALIAS, 'given.test', THEIRS, ABSENT, NEAR, 'hidden-nobody.test', 'hidden-alias.test', '-', '--',
             'dkim.selector', 'dkim.algorithm', 'dkim.sign', 'dkim.policy', 'none', 'owner', 'on', 'off', 'alice', 't1', 't2', '1', 'TXT',
             'v=spf1 -all', 'v=DMARC1; p=none', 'p=reject', 'rua=mailto:x@alice.test', '@', '/etc/shadow', '',
             'default', 'ed25519', '<domain>', '%s%n', '\x1b[31m', 'a' * 300, '../x', 'help', '--json']
    mine, end, count = dump(theirs_only=True), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        row, own = chance.choice(table)
        if ' '.join(row) not in OPEN and chance.random() < 0.7:
            continue
        if ' '.join(row) in LIVE | {'key check'} and chance.random() < 0.9:
            continue
        line = [*row]
        for _ in range(chance.randrange(5)):
            line.append(chance.choice(words))
        for _ in range(chance.randrange(3)):
            name, value = chance.choice((own or glob) if chance.random() < 0.6 else glob)
            item = [name, chance.choice(words)] if value else [name]
            at = chance.randrange(len(line) + 1)
            line[at:at] = item
        call(line, given=chance.choice(['', f'{OWN}\n', f'{THEIRS}\n', 'x' * 5000, f'{OWN}\n{THEIRS}\n']))
        count += 1
        if count % 25 == 0 and not compare(mine, line):
            break
    compare(mine, 'at the end')
    if count < 100:
        complain('only', count, 'lines')
    print(count, 'lines')


if sys.argv[1] == 'rows':
    try_rows()
elif sys.argv[1] == 'options':
    try_options()
else:
    try_random(float(sys.argv[2]))
for failure in failures[:20]:
    print(failure)
sys.exit(bool(failures))
