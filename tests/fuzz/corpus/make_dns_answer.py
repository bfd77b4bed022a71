#!/usr/bin/python3
"""Writes the seeds of fuzz_dns_answer: one reply of each kind, behind the octet for its type."""
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dns_answer")
TYPES = [1, 2, 5, 6, 12, 15, 16, 28]
ASKED = b"\xc0\x0c"
QNAME = b"\x03www\x07example\x03org\0"


def rr(owner, kind, data, ttl=300, cls=1):
    return owner + struct.pack(">HHIH", kind, cls, ttl, len(data)) + data


def reply(kind, answers=(), authority=(), flags=0x8180, tail=b""):
    head = struct.pack(">HHHHHH", 0x1234, flags, 1, len(answers), len(authority), 0)
    question = QNAME + struct.pack(">HH", kind, 1)
    packet = head + question + b"".join(answers) + b"".join(authority) + tail
    return bytes([TYPES.index(kind)]) + packet


SOA = b"\x02ns\xc0\x10\x04root\xc0\x10" + struct.pack(">IIIII", 1, 3600, 600, 86400, 60)
A = b"\xc0\x00\x02\x01"
SEEDS = {
    "a": reply(1, [rr(ASKED, 1, A), rr(ASKED, 1, A, 5)]),
    "aaaa": reply(28, [rr(ASKED, 28, b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01")]),
    "mx": reply(15, [rr(ASKED, 15, b"\x00\x0a\x04mail\xc0\x10")]),
    "ptr": reply(12, [rr(ASKED, 12, b"\x04host\xc0\x10")]),
    "ns": reply(2, [rr(ASKED, 2, b"\x02ns\xc0\x10")]),
    "soa": reply(6, [rr(ASKED, 6, SOA)]),
    "txt": reply(16, [rr(ASKED, 16, b"\x06v=spf1\x05 -all")]),
    "txt-long": reply(16, [rr(ASKED, 16, (b"\xff" + b"x" * 255) * 3)]),
    "txt-cut": reply(16, [rr(ASKED, 16, b"\xffabc")]),
    "cname": reply(1, [rr(ASKED, 5, b"\x01b\xc0\x10"), rr(b"\x01b\xc0\x10", 1, A)]),
    "cname-loop": reply(1, [rr(ASKED, 5, b"\x01b\xc0\x10"), rr(b"\x01b\xc0\x10", 5, ASKED)]),
    "cname-asked": reply(5, [rr(ASKED, 5, b"\x01b\xc0\x10")]),
    "nxdomain": reply(1, [], [rr(b"\xc0\x10", 6, SOA)], 0x8183),
    "nodata": reply(16, [], [rr(b"\xc0\x10", 6, SOA)]),
    "referral": reply(1, [], [rr(b"\xc0\x10", 2, b"\x02ns\xc0\x10")], 0x8100),
    "servfail": reply(1, flags=0x8182),
    "truncated": reply(1, flags=0x8380),
    "pointer-self": reply(1, [rr(b"\xc0\x21", 1, A)]),
    "counts": reply(1, [rr(ASKED, 1, A)])[:7] + b"\xff\xff" + reply(1, [rr(ASKED, 1, A)])[9:],
    "opt": reply(1, [rr(ASKED, 1, A)], tail=b"\0\0\x29\x04\xd0\0\0\0\0\0\0"),
    "unknown-type": reply(1, [rr(ASKED, 65280, b"abc"), rr(ASKED, 1, A)]),
}

os.makedirs(HERE, exist_ok=True)
for name, octets in SEEDS.items():
    with open(os.path.join(HERE, name), "wb") as out:
        out.write(octets)
