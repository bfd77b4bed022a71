#!/usr/bin/env python3
"""Judges what a set-up of TESTDATA/setups did on the throw-away host; TAP.

usage: judge.py NAME FOLDER
  FOLDER  what tools/run.sh wrote: replies and arrivals of each phase (A before adoption, B after it,
          C with SRS, E after removal), the commands that were run, and what removal left over
"""
import collections
import os
import re
import sys

# Mail of ours that a set-up keeps from being signed.  Doctor must say so.
UNSIGNED = {
    # a program may return mail by sendmail(1): local programs and loopback are left out
    "emailwiz": {"out-loop", "out-sendmail"},
    # an smtpd_proxy_filter keeps the content from every milter
    "proxy-readme": {"out-loop", "out-lan", "out-25auth"},
    "modoboa-amavis": {"out-587", "out-587-loc", "out-loop", "out-lan", "out-25auth"},
}
# ... and p=reject from being enforced.
UNCHECKED = {"proxy-readme", "modoboa-amavis"}
# Commands that cannot work there.
IMPOSSIBLE = {
    # Postfix without IPv4 does not reach postsrsd at 127.0.0.1: the push is undone
    "ipv6-only": "mailauthctl server set srs.enabled",
}
# A list's server sends mail of foreign authors.
FOREIGN = {"out-mlist-foreign"}

count = failed = 0


def ok(name, holds, shown=""):
    global count, failed
    count += 1
    print("%s %d - %s" % ("ok" if holds else "not ok", count, name))
    if not holds:
        failed += 1
        for line in str(shown).splitlines()[:20]:
            print("# " + line)


class Arrival:
    """A line of collect.py."""

    def __init__(self, text):
        self.text = text
        self.is_bounce = "BOUNCE(" in text
        self.signatures = int(re.search(r" sig=(\d+)", text).group(1)) if " sig=" in text else 0
        self.filters = int(re.search(r" filt=(\d+)", text).group(1)) if " filt=" in text else 0
        spf = re.search(r" rspf=\[(.*?)\]", text)
        self.spf = re.findall(r"'(\S+)'", spf.group(1)) if spf else []
        results = re.search(r"\{(.*)\}", text)
        self.results = [x for x in results.group(1).split(" | ") if x] if results else []
        self.is_local = text.startswith("local ")

    def results_of(self, method):
        return sum(len(re.findall(r"; %s=" % method, x)) for x in self.results)


def read(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def rows(text):
    found = collections.OrderedDict()
    for line in text.splitlines():
        if "\t" in line:
            token, value = line.split("\t", 1)
            found.setdefault(token, []).append(value)
    return found


def steps(text):
    """Command, output, status of each that was run."""
    found, command, out = [], None, []
    for line in text.splitlines():
        end = re.match(r"### rc=(\d+)", line)
        if end:
            found.append((command, "\n".join(out), int(end.group(1))))
        elif line.startswith("### "):
            command, out = line[4:], []
        else:
            out.append(line)
    return found


class Phase:
    def __init__(self, folder, letter):
        self.letter = letter
        self.replies = {k: v[0] for k, v in rows(read(folder, "reply." + letter)).items()}
        self.arrivals = {k: [Arrival(x) for x in v]
                         for k, v in rows(read(folder, "got." + letter)).items()}
        self.is_queue_left = "QUEUE NOT EMPTY" in read(folder, "reply." + letter)

    def was_accepted(self, token):
        return self.replies.get(token, "").startswith(("EOM 250", "rc=0"))

    def real(self, token):
        return [x for x in self.arrivals.get(token, []) if not x.is_bounce]

    def show(self, tokens):
        return "\n".join("%s: %s" % (t, "; ".join([self.replies.get(t, "no reply")] +
                                                  [x.text for x in self.arrivals.get(t, [])]))
                         for t in tokens)


def judge_mail(name, before, now):
    phase = " (phase %s)" % now.letter
    excused = UNSIGNED.get(name, set())
    relays = [t for t in before.replies if t.startswith("r-") and
              before.replies[t].split()[:2] != now.replies.get(t, "").split()[:2]]
    ok("relaying is unchanged" + phase, not relays,
       before.show(relays) + "\n" + now.show(relays))
    foreign = [t for t in now.arrivals if t.startswith(("in-", "xin-", "xclin")) or t in FOREIGN]
    signed = [t for t in foreign if any(x.signatures for x in now.arrivals[t])]
    ok("no message of a stranger is signed" + phase, not signed, now.show(signed))
    ours = [t for t in now.replies if t.startswith("out-") and now.was_accepted(t) and
            t not in FOREIGN]
    wrong = [t for t in ours for x in now.real(t)
             if x.signatures != (0 if t in excused else 1)]
    missing = [t for t in ours if not now.real(t)]
    ok("our own mail is signed once wherever it comes in" + phase, not wrong, now.show(wrong))
    ok("our own mail arrives" + phase, not missing, now.show(missing))
    refused = [t for t in ours if not now.was_accepted(t)]
    lost = [t for t in before.replies if t.startswith("out-") and before.was_accepted(t) and
            not now.was_accepted(t)] + refused
    ok("our own mail is accepted as before" + phase, not lost, now.show(lost))
    if name not in UNCHECKED and before.was_accepted("in-reject"):
        ok("p=reject is enforced" + phase,
           re.match(r"(EOM 550 5\.7\.1|RCPT 550 5\.7\.23)", now.replies["in-reject"]) and "in-reject" not in now.arrivals,
           now.show(["in-reject"]))
    good = [t for t in ("in-good", "in-list", "in-null", "in-forged-ar") if now.was_accepted(t)]
    local = [(t, x) for t in good for x in now.real(t)]
    bad = [t for t, x in local if len(x.spf) != 1]
    ok("one Received-SPF in each message from outside" + phase, not bad, now.show(bad))
    if name not in UNCHECKED:
        bad = [t for t, x in local if x.results_of("dkim") != 1 or x.results_of("dmarc") != 1]
        ok("one result of DKIM and of DMARC in each message from outside" + phase, not bad,
           now.show(bad))
        bad = [t for t, x in local if any("header.d=bank.example" in r for r in x.results)]
        ok("a forged result is taken out" + phase, not bad, now.show(bad))
    bad = [t for t in now.arrivals for x in now.real(t) if before.real(t) and
           x.filters not in {y.filters for y in before.real(t)}]
    ok("each message passes the filters as often as before" + phase, not bad,
       before.show(bad) + "\n" + now.show(bad))
    ok("nothing is left in the queue" + phase, not now.is_queue_left,
       "\n".join(sorted(now.replies.values())))


def judge_commands(name, done):
    failures = [(c, r) for c, o, r in done if r and not c.startswith(
        (IMPOSSIBLE.get(name, "mailauthctl doctor"), "mailauthctl doctor", "mailauthctl mta plan", "mailauthctl mta adopt", "mailauthctl mta push"))]
    ok("every command succeeds", not failures, failures)
    adopted = [r for c, o, r in done if c.startswith("mailauthctl mta adopt --yes")]
    ok("the server is adopted", adopted and adopted[-1] == 0,
       "\n".join(o for c, o, r in done if c.startswith("mailauthctl mta adopt --yes")))
    plans = [(o, r) for c, o, r in done if c == "mailauthctl mta plan"]
    ok("a second push has nothing to do", plans and plans[0][1] == 0 and not plans[0][0].strip(),
       plans[:1])
    doctor = [o for c, o, r in done if c == "mailauthctl doctor"]
    overrides = re.search(r"\(overrides\)\n(.*?)(\n\S|\Z)", doctor[0], re.S) if doctor else None
    text = overrides.group(1) if overrides else "\n".join(doctor)
    if UNSIGNED.get(name) or name in UNCHECKED:
        ok("doctor warns of mail that is not signed or not checked",
           re.search(r"^\s+warning ", text, re.M), text)
    else:
        ok("doctor knows of nothing that stands in the way",
           overrides and not re.search(r"^\s+(warning|problem) ", text, re.M), text)


def main():
    name, folder = sys.argv[1:]
    before = Phase(folder, "A")
    ok("the set-up runs", "TOTAL" in read(folder, "console") and before.replies,
       read(folder, "console") + read(folder, "stubs.err"))
    for letter in "BC":
        if os.path.exists(os.path.join(folder, "got." + letter)):
            judge_mail(name, before, Phase(folder, letter))
    judge_commands(name, steps(read(folder, "steps")))
    left = read(folder, "diff.removed")
    ok("removal restores every octet", not left.strip(), left)
    after = Phase(folder, "E")
    bad = [t for t in before.replies if
           before.replies[t].split()[:2] != after.replies.get(t, "").split()[:2]]
    ok("the server answers as before once all is removed", not bad,
       before.show(bad) + "\n" + after.show(bad))
    print("1..%d" % count)
    return failed > 0


sys.exit(main())
