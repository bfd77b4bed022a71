#!/usr/bin/env python3
"""Our DKIM verifier against python3-dkim, on messages that python3-dkim signed and that were then
changed, or not.  Both read the same files; the keys are in a zone file.

usage: compare.py DKIM_ASK SEED COUNT FOLDER

A message passes in both or in neither; a difference must be explained in EXPLAINED.  Prints the
others, and a count; exit status 1 when there were any.
"""
import base64
import os
import random
import re
import subprocess
import sys
import time

import dkim
import nacl.signing

SELECTORS = {}  # owner in octets -> text of the record

# What differs on purpose, "OURS / THEIRS".
EXPLAINED = [
    # It does not look whether l= leaves text uncovered.
    r"policy l= leaves text",
    # White space before the colon (RFC 5322 4.5): it does not read such a field.
    r"pass .* / MessageFormatError: Unexpected characters in RFC822 header",
]


def make_keys(folder):
    """Two keys; their private halves as python3-dkim wants them."""
    path = os.path.join(folder, "rsa.pem")
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "1024"], check=True,
                   capture_output=True)
    with open(path, "rb") as file:
        rsa = file.read()
    public = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"],
                            check=True, capture_output=True).stdout
    seed = nacl.signing.SigningKey.generate()
    records = {
        "r": "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode(),
        "e": "v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(seed.verify_key)).decode(),
    }
    with open(os.path.join(folder, "zone"), "w", encoding="ascii") as zone:
        for selector, text in records.items():
            owner = f"{selector}._domainkey.author.example."
            SELECTORS[owner.encode()] = text.encode()
            strings = " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200))
            zone.write(f"{owner} 300 IN TXT {strings}\n")
    return rsa, base64.b64encode(bytes(seed))


def words(r, count):
    return b"".join(r.choice([b"word", b"x", b" ", b"  ", b"\t", b"=", b":", b";", b"\xc3\xa4", b"B"])
                    for _ in range(r.randrange(count)))


def fold(r, value):
    return re.sub(rb"[ \t]", lambda m: r.choice([m.group(), b"\r\n" + m.group()]), value)


def make_message(r):
    fields = []
    for name in [b"Subject", b"To", b"Date", b"Received", b"X-Odd"]:
        for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
            # a line of white space alone would end the header for some
            value = fold(r, r.choice([b"", b" "]) + b"v" + words(r, 12) + b"e")
            name_as = r.choice([name, name.lower(), name.upper()])
            fields.append(name_as + b":" + value)
    fields.append(b"From: Author <a@author.example>")
    r.shuffle(fields)
    lines = [words(r, 8) for _ in range(r.randrange(8))]
    lines += [r.choice([b"", b" ", b"\t"]) for _ in range(r.randrange(3))]
    body = b"".join(line + b"\r\n" for line in lines)
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def sign(r, message, rsa, seed):
    is_ed25519 = r.random() < 0.4
    names = [b"from"] + [r.choice([b"subject", b"to", b"date", b"received", b"x-odd", b"none"])
                         for _ in range(r.randrange(7))]
    r.shuffle(names)
    # it refuses to sign this one
    names = [b"to" if name == b"received" and r.random() < 0.5 else name for name in names]
    signer = dkim.DKIM(message)
    signer.should_not_sign = set()
    canon = tuple(r.choice([b"simple", b"relaxed"]) for _ in range(2))
    return signer.sign(b"e" if is_ed25519 else b"r", b"author.example", seed if is_ed25519 else rsa,
                       b"ed25519-sha256" if is_ed25519 else b"rsa-sha256",
                       canonicalize=canon, include_headers=names, length=r.random() < 0.2) + message


def change(r, text):
    """One change, which may mean nothing."""
    at = r.randrange(len(text))
    kind = r.randrange(6)
    if kind == 0:
        return text
    if kind == 1:
        return text[:at] + bytes([r.choice(b"aB \t;=:1")]) + text[at + 1:]
    if kind == 2:
        return text[:at] + text[at + 1:]
    if kind == 3:
        return text[:at] + r.choice([b" ", b"\t", b"x", b"\r\n "]) + text[at:]
    if kind == 4:
        return text + r.choice([b"\r\n", b" \r\n", b"more\r\n"])
    lines = text.split(b"\r\n")
    other = r.randrange(len(lines))
    lines[other:other] = [r.choice([b"Subject: x", b"X-Odd: y", b"To:z"])]
    return b"\r\n".join(lines)


def is_read_otherwise(text):
    """The other program takes a LF alone for a line's end, and reads a field without a name, where
    Postfix and we end the header."""
    return re.search(rb"(?<!\r)\n|\r(?!\n)|\r\n:", text) is not None


def ask_theirs(text):
    def dnsfunc(name, timeout=5):
        return SELECTORS.get(name.lower())
    try:
        return dkim.DKIM(text, minkey=1024).verify(dnsfunc=dnsfunc)
    except Exception as error:  # a message that it cannot read does not pass
        return f"{type(error).__name__}: {error}"


def main():
    asker, seed, count, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    r = random.Random(seed)
    rsa, ed25519 = make_keys(folder)
    paths = []
    theirs = {}
    while len(paths) < count:
        text = change(r, sign(r, make_message(r), rsa, ed25519))
        if is_read_otherwise(text):
            continue
        path = os.path.join(folder, f"{len(paths)}.eml")
        with open(path, "wb") as file:
            file.write(text)
        theirs[path] = ask_theirs(text)
        paths.append(path)
    output = subprocess.run([asker, "--now", str(int(time.time())), os.path.join(folder, "zone")] +
                            paths, check=True, capture_output=True, text=True).stdout
    passed = differences = unexplained = 0
    seen = {}
    for line in output.splitlines():
        path, *results = line.split("\t")
        ours = results[0] if results else "none"
        is_pass = ours.startswith("pass")
        passed += is_pass
        if is_pass == (theirs[path] is True):
            continue
        differences += 1
        row = next((row for row in EXPLAINED if re.match(row, f"{ours} / {theirs[path]}")), None)
        if row:
            seen[row] = seen.get(row, 0) + 1
            continue
        unexplained += 1
        if unexplained <= 10:
            print(f"{path}: ours {ours}, theirs {theirs[path]}")
    print(f"{count} messages, {passed} pass, {differences} differences, {unexplained} unexplained")
    # one that passes nothing, or everything, compares nothing
    return 1 if unexplained or not count / 10 < passed < count * 9 / 10 else 0


if __name__ == "__main__":
    sys.exit(main())
