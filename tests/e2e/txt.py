"""Prints "owner<TAB>text" of the TXT records of a zone text with one record on a line (as
named-compilezone, ldns-read-zone and drill print it), strings joined and unescaped, sorted."""
import re
import sys


def text_of(data):
    out = bytearray()
    for string in re.findall(r'"((?:[^"\\]|\\.)*)"', data):
        for part in re.findall(r'\\\d{3}|\\.|[^\\]', string):
            if re.fullmatch(r'\\\d{3}', part):
                out.append(int(part[1:]))
            else:
                out += part.lstrip('\\').encode() if len(part) == 1 else part[1:].encode()
    return out.decode('utf-8', 'backslashreplace')


rows = set()
for line in sys.stdin:
    found = re.match(r'(\S+)\s+(?:\d+\s+)?(?:IN\s+)?TXT\s+(.*)', line)
    if found and not line.startswith(';'):
        rows.add(found.group(1).lower() + '\t' + text_of(found.group(2)))
print('\n'.join(sorted(rows)))
