#!/usr/bin/env python3
"""Databases that go to a file and back.

Each seed gives a database, written with SQL as the single commands would have: settings, aliases,
suspended domains, template revisions, edits, removals, odd texts.  Its export is imported into an
empty one, into itself and into the next one's; what single commands then change is what a
difference shows.  Every export is held against the JSON Schema.  Results are TAP.

usage: round.py PROGRAM FIRST-SEED LAST-SEED
"""
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

PROGRAM = os.path.realpath(sys.argv[1])
FIRST, LAST = int(sys.argv[2]), int(sys.argv[3])
count = failed = 0


def result(name, faults):
    global count, failed
    count += 1
    failed += bool(faults)
    print(f"{'not ok' if faults else 'ok'} {count} - {name}")
    for line in str(faults or "").splitlines()[:30]:
        print("# " + line)


def run(root, *words, status=0):
    done = subprocess.run(
        [PROGRAM, "--root", root, "--no-push", *words], capture_output=True, text=True
    )
    if done.returncode != status:
        raise RuntimeError(f"{words}: exit {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


# ---- a database -----------------------------------------------------------------------------------

TEXTS = [
    'say "hello"', "back\\slash \\\" \\\\", "semi; colon", "grüße, 好的", "  blanks  ", "# not a comment",
    "key: value", "- item", "{a: b}", "[x]", "&anchor *alias", "!tag", "%percent", "@at", "`tick`", "'single'",
    "null", "~", "on", "010", "1e3", "2026-01-01", "12:30:45", "0x1f", "x" * 255, "y" * 700, "\u2028line\u2029",
    "\ufeffbom", "\u00a0nbsp", "a\u200db", "tab-less | >", "? complex", "---", "...", "<domain> <ttl>", "=", "<<",
]
DATA = {
    "A": ["192.0.2.2", "198.51.100.7", "<ip>"],
    "AAAA": ["2001:db8::3", "<ipv6>", "2001:0DB8:0:0::2"],
    "MX": ["10 mail", "20 mx.<domain>", "0 <hostname>"],
    "TXT": TEXTS,
    "CAA": ['0 issue "ca.example"', '128 iodef "mailto:a@b.example"'],
    "SRV": ["1 2 443 srv", "0 0 25 <hostname>"],
    "HINFO": [r'"\195\164\"x\\" "os\059"'],
    "NS": ["ns.example."],
}
SERVER = {
    "dkim.retire-after": ["5d", "10d", "2w"], "dkim.policy": ["none", "o=~", 'o=- "x" \\'], "spf.mode": ["reject-fail"],
    "dmarc.reject": ["off", "on"], "spf.local-rules": ["include:spf.partner.example a:x.example"],
    "spf.explanation": ["%{i} is not allowed to send for %{d}"], "mta.trusted-relays": ["192.0.2.0/24 2001:db8::/32"],
    "zone.reload": ['/bin/x "<domain> y" z'], "zone.format": ["include"], "srs.exclude-domains": [".x.example y.example", ""],
    "dns.ttl": ["60", "86400"], "mta.url": ["https://mail.example.com:9998/"], "dkim.sign": ["on", "off"],
    "mail": ["off"], "dns.service": ["external", "off"], "owner": ["kunde_7"], "dkim.activate": ["seen", "now"],
}
LOCAL = {
    "dns.ttl": ["0", "600"], "dkim.retire-after": ["30d"], "dkim.selector": ["s%Y", "a.b"], "owner": ["kunde-1", ""],
    "dns.ipv4": ["192.0.2.99", ""], "dns.ipv6": ["2001:db8::99"], "dkim.policy": ["none"], "dkim.rotate-after": ["90d"],
    "dns.service": ["hosted", "external"], "mail": ["on"], "dkim.activate": ["exported"],
}
NAMES = ["a", "bb", "1and1", "xn--bcher-kva", "no", "on", "null", "y", "e1", "0x10", "a-b"]
ENDS = ["example", "example.com", "test", "xn--fiqs8s", "co.example"]


class Database:
    def __init__(self, root, seed):
        self.r = random.Random(seed)
        os.mkdir(root)
        run(root, "server", "set", "mta.hostname", "mx.example.com", "dkim.algorithm", "ed25519")
        self.db = sqlite3.connect(root + "/var/lib/mailauthctl/mailauthctl.db")
        self.db.execute("INSERT INTO change (at, uid, actor, command) VALUES (0, 0, 'test', 'test')")
        self.fill()
        self.db.commit()
        self.db.close()

    def sometimes(self, share):
        return self.r.random() < share

    def fill(self):
        for key in self.r.sample(sorted(SERVER), self.r.randrange(8)):
            self.db.execute("INSERT INTO setting VALUES (?, ?)", (key, self.r.choice(SERVER[key])))
        self.templates()
        mains = []
        for name in self.names():
            alias = self.r.choice(mains) if mains and self.sometimes(0.25) else None
            self.domain(name, alias, mains)

    def names(self):
        names = {f"{self.r.choice(['', 'www.', 'w2.'])}{self.r.choice(NAMES)}.{self.r.choice(ENDS)}"
                 for _ in range(self.r.randrange(1, 14))}
        return self.r.sample(sorted(names), len(names))

    # a template record keeps its owner and type through all revisions
    def templates(self):
        self.known = {1: ("<domain>.", "TXT"), 2: ("_dmarc.<domain>.", "TXT")}
        rows = {1: ("v=spf1 +a +mx +a:<hostname> -all", None, "spf"), 2: ("v=DMARC1; p=none", None, "dmarc")}
        self.revisions = {1: dict(rows)}
        for rev in range(2, 2 + self.r.randrange(5)):
            for _ in range(self.r.randrange(3)):
                self.change_template(rows)
            self.revisions[rev] = dict(rows)
            self.db.execute("INSERT INTO template (rev, change_id) VALUES (?, 1)", (rev,))
            for uid, (data, ttl, kind) in rows.items():
                self.db.execute("INSERT INTO template_record VALUES (?, ?, ?, ?, ?, ?, ?)",
                                (rev, uid, *self.known[uid], ttl, data, kind))

    def change_template(self, rows):
        uid = self.r.choice([*rows, None, None])
        ttl = self.r.choice([None, 0, 300])
        if uid is None:
            uid = max(self.known) + 1
            kind = self.r.choice(sorted(DATA))
            self.known[uid] = (f"t{uid}.<domain>.", kind)
            rows[uid] = (self.r.choice(DATA[kind]), ttl, "other")
        elif self.sometimes(0.3):
            del rows[uid]
        elif uid == 1:
            rows[1] = ("v=spf1 mx -all", ttl, "spf")
        elif uid == 2:
            rows[2] = ("v=DMARC1; p=reject", ttl, "dmarc")
        else:
            rows[uid] = (self.r.choice(DATA[self.known[uid][1]]), ttl, "other")

    def domain(self, name, alias, mains):
        rev = self.r.choice([max(self.revisions), self.r.choice(sorted(self.revisions))])
        row = self.db.execute(
            "INSERT INTO domain (name, alias_of, suspended, template_rev, created, gen) VALUES (?, ?, ?, ?, 0, 1)",
            (name, alias, self.sometimes(0.2), rev)).lastrowid
        if not alias:
            mains.append(row)
        chosen = {k: self.r.choice(LOCAL[k]) for k in self.r.sample(sorted(LOCAL), self.r.choice([0, 0, 1, 3, 5]))}
        if not alias and self.sometimes(0.35):
            chosen["dkim.sign"] = "on"
        elif self.sometimes(0.15):
            chosen.update({"mail": "off", "dns.service": "off"})
        for key, value in chosen.items():
            self.db.execute("INSERT INTO domain_setting VALUES (?, ?, ?)", (row, key, value))
        for uid in self.r.sample(sorted(self.known), self.r.randrange(len(self.known) + 1)):
            if self.sometimes(0.3):
                self.edit(row, uid)
        for n in self.r.sample(range(6), self.r.choice([0, 0, 1, 3])):
            kind = self.r.choice(sorted(DATA))
            for data in self.r.sample(DATA[kind], self.r.randrange(1, min(3, len(DATA[kind])) + 1)):
                self.record(row, None, f"own{n}.<domain>." if kind == "NS" or n else "<domain>.", kind, data, "other")

    def record(self, row, uid, owner, kind, data, policy):
        self.db.execute(
            "INSERT INTO record (domain_id, template_uid, owner, type, ttl, rdata, kind) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row, uid, owner, kind, self.r.choice([None, 5]) if data else None, data, policy))

    def edit(self, row, uid):
        owner, kind = self.known[uid]
        policy = {1: "spf", 2: "dmarc"}.get(uid, "other")
        if self.sometimes(0.3):
            data = None
        elif policy == "other":
            data = self.r.choice(DATA[kind])
        else:
            data = {"spf": "v=spf1 -all", "dmarc": "v=DMARC1; p=quarantine; rua=mailto:a@<domain>"}[policy]
        self.record(row, uid, owner, kind, data, policy)


# ---- the schema: as much of JSON Schema as ours uses ----------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "integer": int}


def is_type(value, names):
    names = [names] if isinstance(names, str) else names
    return any(isinstance(value, TYPES[n]) and not isinstance(value, bool) for n in names)


def invalid(schema, value, where, root):
    known = {"$schema", "$defs", "title", "description", "default", "type", "enum", "const", "properties", "items",
             "additionalProperties", "required", "pattern", "propertyNames", "minimum", "maximum", "$ref"}
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return invalid(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, where, root)
    if "type" in schema and not is_type(value, schema["type"]):
        return f"{where}: not of type {schema['type']}"
    if "enum" in schema and not any(value == e and type(value) is type(e) for e in schema["enum"]):
        return f"{where}: {value} is not among {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        return f"{where}: not {schema['const']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{where}: {value} does not match {schema['pattern']}"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{where}: {value} is out of bounds"
    for i, one in enumerate(value if isinstance(value, list) and "items" in schema else []):
        if fault := invalid(schema["items"], one, f"{where}[{i}]", root):
            return fault
    if not isinstance(value, dict):
        return None
    for key in schema.get("required", []):
        if key not in value:
            return f"{where}: lacks {key}"
    for key, one in value.items():
        if "propertyNames" in schema and (fault := invalid(schema["propertyNames"], key, f"{where}/{key}", root)):
            return fault
        rest = schema.get("additionalProperties", True)
        below = schema.get("properties", {}).get(key, rest)
        if below is False:
            return f"{where}: {key} is not known"
        if below is not True and (fault := invalid(below, one, f"{where}/{key}", root)):
            return fault
    return None


# ---- there and back -------------------------------------------------------------------------------

def same(a, b):
    if a == b:
        return None
    import difflib
    return "\n".join(difflib.unified_diff(a.splitlines(), b.splitlines(), "wanted", "got", lineterm="")) or "differ"


def rows(text):
    return [(r["object"], r["domain"], r["field"], r["old"], r["new"]) for r in json.loads(text)]


def change(root, r):
    """One single command; gives what an export of before would change back, or None."""
    domains = json.loads(run(root, "--json", "domain", "list"))
    mains = [d["domain"] for d in domains if not d["alias_of"]]
    if not domains:
        return None
    name = r.choice(domains)["domain"]
    words = r.choice([
        ["server", "set", "dns.ttl", "77"], ["server", "unset", "spf.mode"], ["domain", "set", name, "dns.ttl", "99"],
        ["domain", "unset", name, "dns.ttl"], ["record", "add", name, "new-one", "TXT", "it's \"new\""],
        ["record", "reset", name, "--all"], ["domain", "suspend", r.choice(mains)], ["domain", "add", "brand-new.example"],
        ["server", "set", "spf.explanation", "%{d} \\ says no"], ["template", "add", "new-one", "A", "192.0.2.250"],
    ])
    run(root, *words)
    newest = json.loads(run(root, "--json", "audit", "list"))[0]
    if newest["command"] != " ".join(words[:2]):
        return []
    items = rows(run(root, "--json", "audit", "show", str(newest["id"])))
    return [(o, d, f, new, old) for o, d, f, old, new in items if o != "key"]


def check(work, seed, schema, others):
    a, empty = f"{work}/{seed}", f"{work}/{seed}.empty"
    r = random.Random(-seed)
    Database(a, seed)
    os.mkdir(empty)
    file = f"{work}/{seed}.yaml"
    run(a, "config", "export", file)
    text = open(file, encoding="utf-8").read()
    result(f"seed {seed}: fits the schema",
           invalid(schema, json.loads(run(a, "--json", "config", "export")), "", schema))
    run(a, "config", "import", "--prune", file)
    result(f"seed {seed}: into itself is nothing",
           run(a, "config", "diff", "--prune", file) + run(a, "config", "diff", file))
    run(empty, "config", "import", file)
    result(f"seed {seed}: into an empty one, the same octets", same(text, run(empty, "config", "export")))
    keys = f"{work}/{seed}.keys"
    run(empty, "config", "export", "--with-keys", keys)
    moved = f"{work}/{seed}.moved"
    os.mkdir(moved)
    run(moved, "config", "import", keys)
    run(moved, "config", "export", "--with-keys", keys + "2")
    result(f"seed {seed}: with its keys, the same octets", same(open(keys).read(), open(keys + "2").read()))
    wanted = change(empty, r)
    if wanted is not None:
        got = rows(run(empty, "--json", "config", "diff", "--prune", file, status=3 if wanted else 0))
        result(f"seed {seed}: a change is the difference",
               same("\n".join(map(str, sorted(map(str, wanted)))),
                    "\n".join(map(str, sorted(str(g) for g in got if g[0] != "key")))))
    for other in others[-1:]:
        run(empty, "config", "import", "--prune", other)
        result(f"seed {seed}: becomes the one before",
               same(open(other, encoding="utf-8").read(), run(empty, "config", "export")))
    others.append(file)


def main():
    work = tempfile.mkdtemp()
    try:
        os.mkdir(work + "/none")
        schema = json.loads(run(work + "/none", "config", "schema"))
        for bad in ({}, {"format": 2}, {"format": 1, "x": 1}, {"format": 1, "server": {"dns.ttl": "x"}},
                    {"format": 1, "server": {"spf.mode": "no"}}, {"format": 1, "domains": {"a.b": {"settings": {"spf.mode": 1}}}},
                    {"format": 1, "domains": {"a": {}}}, {"format": 1, "template": [{"name": "@"}]},
                    {"format": 1, "server": {"dkim.retire-after": "4 days"}}):
            result(f"the schema refuses {json.dumps(bad)}",
                   None if invalid(schema, bad, "", schema) else "accepted")
        others = []
        for seed in range(FIRST, LAST + 1):
            try:
                check(work, seed, schema, others)
            except RuntimeError as fault:
                result(f"seed {seed}", fault)
    finally:
        shutil.rmtree(work)
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
