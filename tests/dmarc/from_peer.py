#!/usr/bin/env python3
"""From fields that are generated: our author domain compared with what Python's email makes of them.

Every difference must be explained by a row of EXPLAINED.  Results are TAP.

usage: from_peer.py FROM_ASK SEED COUNT
"""
import collections
import email
import email.policy
import random
import re
import subprocess
import sys

ASK, SEED, COUNT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DOMAINS = ["example.com", "example.net", "a.example.com", "EXAMPLE.com", "bank.example", "x"]
LOCALS = ["a", "a.b", '"a b"', '"a@b"', "a+c", '"<x@y.z>"', "j", "a.", ".a", "a..b"]
NAMES = ["", "", "Alice", '"Doe, J."', "J. R. Doe", '"a@b.test"', "A(c)B", "=?utf-8?q?x?=", "a b"]
COMMENTS = ["(c)", "(a (b) c)", '(",)', "(<x@y.test>)", "(\\))", "(a@b.test)", "()"]
ODD = list('<>()[]@,;:"\\. \t') + ["\r\n ", "\n ", "(", "x", "@x", "\\\\", "\u00e9"]


def blank(pick):
    return pick.choice(["", "", "", " ", "\t", "\r\n ", " " + pick.choice(COMMENTS) + " "])


def domain(pick):
    name = pick.choice(DOMAINS)
    kind = pick.random()
    if kind < 0.05:
        return "[192.0.2.1]"
    if kind < 0.1:
        return name + "."
    if kind < 0.2:
        return name.replace(".", blank(pick) + "." + blank(pick))
    return name


def spec(pick):
    return pick.choice(LOCALS) + blank(pick) + "@" + blank(pick) + domain(pick)


def mailbox(pick):
    kind = pick.random()
    if kind < 0.4:
        return blank(pick) + spec(pick) + blank(pick)
    route = ""
    if kind > 0.9:
        route = "@" + domain(pick) + pick.choice([":", ",@r.test:", ", :"])
    return (blank(pick) + pick.choice(NAMES) + blank(pick) + "<" + blank(pick) + route + spec(pick)
        + blank(pick) + ">" + blank(pick))


def value(pick):
    kind = pick.random()
    if kind < 0.6:
        text = mailbox(pick)
    elif kind < 0.8:
        text = ",".join(mailbox(pick) for _ in range(pick.randint(2, 3)))
    elif kind < 0.9:
        members = [mailbox(pick) for _ in range(pick.randint(0, 2))]
        text = "group:" + ",".join(members) + ";" + pick.choice(["", "", "," + mailbox(pick)])
    else:
        text = pick.choice(["", ",", "Alice", "<>", "(c)", "a@b@c", "x:;", ",".join(["a@x"] * 3)])
    for _ in range(pick.choice([0, 0, 0, 1, 1, 2])):
        at = pick.randint(0, len(text))
        if pick.random() < 0.3:
            text = text[:at] + text[at + 1 :]
        else:
            text = text[:at] + pick.choice(ODD) + text[at:]
    return " " + text


def theirs(text):
    """(domain or None, whether the parser found faults)."""
    try:
        message = email.message_from_bytes(b"From:" + text.encode() + b"\r\n\r\n", policy=email.policy.default)
        fields = message.get_all("from") or []
        if len(fields) != 1:
            return None, True
        names = {a.domain.lower().rstrip(".") for a in fields[0].addresses if a.addr_spec not in ("", "<>")}
        names |= {"" for a in fields[0].addresses if not a.domain}
        defects = bool(fields[0].defects) or bool(message.defects)
    except Exception:  # pylint: disable=broad-except
        return None, "an exception"
    if len(names) != 1 or "" in names or any(name.startswith("[") for name in names):
        return None, defects
    return names.pop(), defects


# (difference, pattern of the field, whether they report a fault, why): the first row that fits.
EXPLAINED = [
    ("we refuse", r"", True,
     "they go on after a fault with what they have read; here a field with a fault has no domain"),
    ("we refuse", r"=\?", False,
     "they take everything up to ?= for an encoded word, also what RFC 2047 does not allow in it"),
    ("they refuse", r"\.[\s(]*(\(.*\))?\s*([>,:;]|$)", True,
     "they do not know the final dot of the root"),
    ("they refuse", r"\.", "an exception",
     "a dot that RFC 5322 does not allow, before a local part or after a comment, raises one there"),
    ("they refuse", r"\[[^\]]*\s", True,
     "they do not know white space in an address in brackets"),
    ("another domain", r"[^\x00-\x7f]", None, "they leave U-labels as they are"),
]


def kind_of(ours, other):
    if ours is None:
        return "we refuse"
    return "they refuse" if other is None else "another domain"


def escaped(text):
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\x{c:02x}" for c in text.encode())


def main():
    pick = random.Random(SEED)
    fields = []
    while len(fields) < COUNT:
        text = value(pick)
        # a line end that no blank follows ends a field
        if not re.search(r"\n(?![ \t])|\r(?!\n)", text):
            fields.append(text)
    done = subprocess.run([ASK], input="\n".join(map(escaped, fields)) + "\n", capture_output=True,
        text=True, check=True)
    answers = done.stdout.splitlines()
    used, unexplained, same = collections.Counter(), [], 0
    for text, answer in zip(fields, answers):
        ours = None if answer.startswith("- ") else answer
        other, defects = theirs(text)
        if ours == other:
            same += 1
            continue
        kind = kind_of(ours, other)
        for i, (wanted, pattern, has_defects, _) in enumerate(EXPLAINED):
            if wanted == kind and has_defects in (None, bool(defects), defects) and re.search(pattern, text, re.S):
                used[i] += 1
                break
        else:
            unexplained.append(f"{kind}: {escaped(text)}: {answer}, theirs {other} (defects: {defects})")
    faults = unexplained[:40]
    good = len(answers) == COUNT and not unexplained
    print(f"{'ok' if good else 'not ok'} 1 - {COUNT} From fields, {same} alike, the rest explained")
    for line in faults:
        print("# " + line)
    for i, row in enumerate(EXPLAINED):
        print(f"# {used[i]}: {row[0]}: {row[3]}")
    print(f"# {len(unexplained)} unexplained")
    print("1..1")
    sys.exit(0 if good else 1)


main()
