#!/usr/bin/env python3
"""Deterministic SPF cases: zones for NSD, and who asks.

usage: generate.py SEED COUNT FOLDER

FOLDER/cases is a line for each case, "CLIENT SENDER HELO"; FOLDER/zones/NAME.zone are the zones;
FOLDER/records has for each case its name and every TXT record below that name in one line, which
is what the rows of differences.tsv look at.  Each case lives below a name of its own,
cNNNN.test, so that no case can change another.
"""
import ipaddress
import os
import random
import sys

CLIENTS4 = ["192.0.2.1", "192.0.2.77", "198.51.100.9", "203.0.113.200", "1.2.3.4"]
CLIENTS6 = ["2001:db8::1", "2001:db8:1::77", "2001:db8:ffff:1::9"]
# What chance brings too rarely: records of the case's name "@", for the client 192.0.2.1.
FIXED = [
    ["v=spf1 ip4:192.0.2.1 include:x.test/24 -all"],
    ["v=spf1 " + "a:@ " * 9 + "include:n1.@ -all", "v=spf1 ip4:192.0.2.1 redirect=n2.@"],
    ["v=spf1 exists:%{v-}.m.@ -all"],
    ["v=spf1 redirect=n1.@", "v=spf1 exists:%{o}.m.@ -all"],
    ["v=spf1 include:n1.@ +all", "v=spf1 " + "a:@ " * 10 + "?all"],
    ["v=spf1 ?exists ip4:192.0.2.1 -all"],
]
LOCAL_PARTS = ["joe", "a.b.c", "x-y-z", "strong+bad", "postmaster", "Mixed.Case", "a=b", "o_o"]


class Case:
    """One domain, its records, a client and a sender."""

    def __init__(self, rng, number):
        self.rng = rng
        self.base = f"c{number:05d}.test"
        self.records = []  # (owner, type, data)
        self.reverse = []  # (address, name)
        self.children = 0
        is_v6 = rng.random() < 0.25
        self.client = rng.choice(CLIENTS6 if is_v6 else CLIENTS4)
        # Reverse names belong to an address, so such a case has an address of its own.
        self.has_names = rng.random() < 0.15
        if self.has_names:
            first = "2001:db8:2::" if is_v6 else "10.0.0.0"
            self.client = str(ipaddress.ip_address(first) + number)
        self.address = ipaddress.ip_address(self.client)
        self.local = rng.choice(LOCAL_PARTS)
        self.helo = rng.choice(["mail." + self.base, self.base, "helo." + self.base])

    def add(self, owner, kind, data):
        self.records.append((owner, kind, data))

    def child(self):
        self.children += 1
        return f"n{self.children}.{self.base}"

    # ---- hosts ---------------------------------------------------------------------------

    def near(self):
        """An address that is the client's, or near, or far, of either family."""
        rng = self.rng
        how = rng.random()
        if how < 0.3:
            return self.address
        if how < 0.6:
            bits = self.address.max_prefixlen
            return type(self.address)(int(self.address) ^ (1 << rng.randrange(bits // 2)))
        return ipaddress.ip_address(rng.choice(CLIENTS4 + CLIENTS6))

    def add_address(self, owner, address):
        self.add(owner, "A" if address.version == 4 else "AAAA", str(address))

    def host(self):
        """A name with addresses, or one of the ways in which there are none."""
        rng = self.rng
        how = rng.random()
        name = self.child()
        if how < 0.12:
            return name  # does not exist
        if how < 0.2:
            self.add(name, "TXT", "no address here")
            return name
        if how < 0.25:
            self.add(name, "CNAME", self.host())
            return name
        if how < 0.27:
            return f"x{self.children}.broken.test"  # SERVFAIL
        for _ in range(rng.choice([1, 1, 1, 2, 3, 12 if rng.random() < 0.1 else 2])):
            self.add_address(name, self.near())
        return name

    def mailer(self):
        """A name with MX records."""
        rng = self.rng
        name = self.child()
        how = rng.random()
        if how < 0.12:
            return name if how < 0.06 else self.host()
        many = rng.choice([1, 1, 2, 3, 10, 11]) if rng.random() < 0.3 else rng.choice([1, 2])
        for i in range(many):
            self.add(name, "MX", f"{10 * (i + 1)} {self.host()}.")
        return name

    # ---- terms ---------------------------------------------------------------------------

    def prefix(self, address):
        bits = address.max_prefixlen
        return self.rng.choice([0, 1, 8, 16, 24, 30, 31, bits - 1, bits, bits])

    def network(self, is_v6):
        rng = self.rng
        pool = [self.address] if (self.address.version == 6) == is_v6 else []
        pool += [ipaddress.ip_address(a) for a in (CLIENTS6 if is_v6 else CLIENTS4)]
        address = rng.choice([pool[0], rng.choice(pool)])
        text = str(address)
        if is_v6 and rng.random() < 0.2:
            text = address.exploded
        if rng.random() < 0.6:
            text += f"/{self.prefix(address)}"
        return text

    def dual(self):
        rng = self.rng
        text = ""
        if rng.random() < 0.3:
            text += f"/{rng.choice([0, 8, 24, 31, 32])}"
        if rng.random() < 0.2:
            text += f"//{rng.choice([0, 32, 64, 127, 128])}"
        return text

    def macro_name(self, digest):
        """A domain-spec with macros whose expansion `digest` adds or not."""
        rng = self.rng
        letter = rng.choice("slodivhSLODIVH")
        keep = rng.choice(["", "", "1", "2", "9"])
        reverse = rng.choice(["", "", "r"])
        delimiters = rng.choice(["", "", ".", "-", "+-", "=_"])
        text = f"%{{{letter}{keep}{reverse}{delimiters}}}"
        if rng.random() < 0.15:
            text += rng.choice(["%%", "%_", "%-"])
        name = f"{text}.m{self.children}.{self.base}"
        self.children += 1
        if digest:
            owner = self.expand(letter.lower(), keep, reverse, delimiters)
            if owner and letter.islower():
                self.add(f"{owner}.m{self.children - 1}.{self.base}", "A", "127.0.0.2")
        return name

    def expand(self, letter, keep, reverse, delimiters):
        """What the generator needs of macros to make some of them hit; '' otherwise."""
        values = {
            "s": f"{self.local}@{self.base}", "l": self.local, "o": self.base, "d": self.base,
            "v": "in-addr" if self.address.version == 4 else "ip6", "h": self.helo,
            "i": self.client if self.address.version == 4
            else ".".join(self.address.exploded.replace(":", "")),
        }
        text = values[letter]
        for c in delimiters or ".":
            text = text.replace(c, "\0")
        parts = text.split("\0")
        if reverse:
            parts.reverse()
        if keep:
            parts = parts[-int(keep):]
        text = ".".join(parts)
        plain = all(p and len(p) < 64 for p in text.split("."))
        return text if plain and all(c.isalnum() or c in ".-_" for c in text) else ""

    def ptr(self):
        rng = self.rng
        how = rng.random()
        if self.has_names and how < 0.8:
            for _ in range(rng.choice([1, 1, 2, 3])):
                name = rng.choice([self.base, "mail." + self.base, self.child(), "other.test"])
                if name != "other.test" and rng.random() < 0.8:
                    self.add_address(name, self.address)
                self.reverse.append(name)
        return rng.choice(["ptr", "ptr", f"ptr:{self.base}", f"ptr:n1.{self.base}", "ptr:other.test"])

    def broken(self):
        return self.rng.choice([
            "ip4:192.0.2.300", "ip4:192.0.2.1/33", "ip4:192.0.2", "ip6:2001:db8::g", "ip6:::/129",
            "ip4", "all:x.test", "all/8", "include", "include:", "exists", "a:", "mx:/24", "a/33",
            "a//129", "a:%{q}.x.test", "exists:%{d", "exists:%x.test", "foo", "foo:bar",
            "ip4:192.0.2.1/", "a:x.test/024", "include:x.test/24", "redirect", "-", "+", "exists:%{d0}.x.test",
        ])

    def term(self, depth):
        rng = self.rng
        qualifier = rng.choice(["", "", "", "+", "-", "~", "?"])
        kind = rng.choices(
            ["ip4", "ip6", "a", "mx", "include", "exists", "ptr", "all", "a-self", "mx-self",
             "a-macro", "broken"],
            [16, 9, 14, 8, 12 if depth < 4 else 0, 10, 4, 3, 4, 3, 4, 1])[0]
        if kind in ("ip4", "ip6"):
            return f"{qualifier}{kind}:{self.network(kind == 'ip6')}"
        if kind == "a":
            return f"{qualifier}a:{self.host()}{self.dual()}"
        if kind == "mx":
            return f"{qualifier}mx:{self.mailer()}{self.dual()}"
        if kind == "include":
            return f"{qualifier}include:{self.policy(depth + 1)}"
        if kind == "exists":
            if rng.random() < 0.3:
                return f"{qualifier}exists:{self.host()}"
            return f"{qualifier}exists:{self.macro_name(rng.random() < 0.6)}"
        if kind == "a-macro":
            return f"{qualifier}a:{self.macro_name(False)}{self.dual()}"
        if kind == "ptr":
            return qualifier + self.ptr()
        if kind == "a-self":
            return f"{qualifier}a{self.dual()}"
        if kind == "mx-self":
            return f"{qualifier}mx{self.dual()}"
        return qualifier + (self.broken() if kind == "broken" else kind)

    def policy(self, depth):
        """A name with an SPF record, or without a good one."""
        rng = self.rng
        name = self.base if depth == 0 else self.child()
        how = rng.random()
        if depth > 0 and how < 0.03:
            return name
        if depth > 0 and how < 0.05:
            return f"x{self.children}.broken.test"
        if depth > 0 and how < 0.08:
            return self.base  # a loop
        if how > 0.985:
            self.add(name, "TXT", rng.choice(["v=spf10 +all", "v=spf1", "v=spf1  ", "V=SPF1 +all"]))
            return name
        count = rng.choice([1, 2, 2, 3, 4, 12 if rng.random() < 0.15 else 5])
        terms = [self.term(depth) for _ in range(count)]
        if rng.random() < 0.15 and depth < 4:
            terms.insert(rng.randrange(len(terms) + 1), f"redirect={self.policy(depth + 1)}")
        elif rng.random() < 0.8:
            terms.append(rng.choice(["-all", "-all", "~all", "?all", "+all"]))
        if rng.random() < 0.2 and depth == 0:
            terms.insert(rng.randrange(len(terms) + 1), f"exp={self.explanation()}")
        if rng.random() < 0.04:
            terms.append(rng.choice(["moo=x", "x-y.z=%{d}", "a=b=c", "moo=", "exp=x exp=y"]))
        text = "v=spf1" + "".join(rng.choice([" ", " ", " ", "  "]) + t for t in terms)
        if rng.random() < 0.1:
            text = "".join(c.upper() if rng.random() < 0.3 and c not in "slodivhtcrp" else c
                           for c in text) if "%" not in text and "/" not in text else text
        self.add(name, "TXT", text)
        if rng.random() < 0.015:
            self.add(name, "TXT", "v=spf1 -all")
        if rng.random() < 0.1:
            self.add(name, "TXT", "some other text")
        return name

    def explanation(self):
        rng = self.rng
        name = self.child()
        if rng.random() < 0.85:
            self.add(name, "TXT", rng.choice([
                "Go away", "%{i} is not allowed for %{d}", "%{s}: %{l} at %{o}",
                "see http://%{o}/why?s=%{S}&i=%{I}", "100%% sure%_about %{h}", "%{c} %{v}",
                "bad %{q}", "bad %(i)", "%{ir} %{d2} %{l1r-}",
            ]))
        return name

    def finish(self):
        rng = self.rng
        self.policy(0)
        if rng.random() < 0.3:
            self.add_address(self.base, self.near())
        if rng.random() < 0.2 and not any(o == self.base and k == "MX" for o, k, _ in self.records):
            self.add(self.base, "MX", f"10 {self.host()}.")
        # An alias stands alone.
        aliases = {o for o, k, _ in self.records if k == "CNAME"}
        self.records = [r for r in dict.fromkeys(self.records)
                        if r[0] not in aliases or r[1] == "CNAME"]


class FixedCase(Case):
    """The texts of one row: the first at the case's name, the second at n1 below it."""

    def finish(self):
        self.client, self.local, self.reverse = "192.0.2.1", "joe", []
        for i, text in enumerate(FIXED[int(self.base[1:6]) % len(FIXED)]):
            self.add(f"n{i}.{self.base}" if i else self.base, "TXT", text.replace("@", self.base))
        self.add(self.base, "A", "203.0.113.7")
        for name in ("in-addr", "in.addr", self.base):
            self.add(f"{name}.m.{self.base}", "A", "127.0.0.2")


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return " ".join(f'"{escaped[i:i + 200]}"' for i in range(0, len(escaped), 200) or [0]) or '""'


def soa(origin):
    return (f"$ORIGIN {origin}.\n$TTL 60\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n"
            "@ NS ns.test.\n")


def main():
    seed, count, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    rng = random.Random(seed)
    os.makedirs(folder + "/zones")
    reverse = {}
    with open(folder + "/zones/test.zone", "w") as zone, \
            open(folder + "/cases", "w") as cases, open(folder + "/records", "w") as records:
        zone.write(soa("test") + "ns A 127.0.0.1\nbroken NS ns\n")
        for number in range(count):
            case = (FixedCase if number < len(FIXED) else Case)(rng, number)
            case.finish()
            if case.reverse:
                reverse[case.client] = case.reverse
            for owner, kind, data in case.records:
                text = quoted(data) if kind == "TXT" else data
                if kind == "CNAME":
                    text += "."
                zone.write(f"{owner}. {kind} {text}\n")
            cases.write(f"{case.client} {case.local}@{case.base} {case.helo}\n")
            known = case.records + [(case.client, "PTR", name) for name in case.reverse]
            records.write("\t".join(f"{o} {k} {d}" for o, k, d in known) + "\n")
    for origin in ("in-addr.arpa", "ip6.arpa"):
        with open(f"{folder}/zones/{origin}.zone", "w") as zone:
            zone.write(soa(origin))
            for address, names in sorted(reverse.items()):
                pointer = ipaddress.ip_address(address).reverse_pointer
                if pointer.endswith(origin):
                    for name in sorted(set(names)):
                        zone.write(f"{pointer}. PTR {name}.\n")


if __name__ == "__main__":
    main()
