#!/usr/bin/env python3
"""mailauthctl with a SmarterMail or IceWarp server on the loopback, as a user runs it: pushes that are killed at
a request, every fault that a server may have, where secrets are, and what is loaded.  Results are TAP.

A push is killed before and after each request that changes something, and before some that do not; with KILL_ALL
in the environment before each.

usage: push.py MAILAUTHCTL
"""
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from world import ACCOUNT, Host, PASSWORD, Server, cannot, was_killed

PROGRAM = sys.argv[1]
KINDS = ("smartermail", "icewarp")
ENABLE = ("domain", "enable-dkim", "example.com")
SETTINGS = ("server", "set", "spf.mode", "reject-fail", "srs.enabled", "on")
DISABLE = ("domain", "disable-dkim", "example.com", "--now")
REMOVE = ("mta", "push", "--remove", "--yes")
READS_PER_KILL = 1 if os.environ.get("KILL_ALL") else 9

count = failed = 0


def is_true(name, claim, *shown):
    global count, failed
    count += 1
    failed += not claim
    print(f"{'ok' if claim else 'not ok'} {count} - {name}", flush=True)
    for text in () if claim else shown:
        print("# " + str(text).strip().replace("\n", "\n# "), flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def is_write(call):
    """Whether the request changes something."""
    return call.startswith(("POST settings", "set")) and "manage-domain" not in call


def view(state):
    """What counts of a server's state: a key is one, whatever its octets and its selector are."""
    keys = ("active", "pending", "D_DKIM_PrivateKey", "C_Mail_SMTP_Other_SPFSRSKey")

    def plain(value):
        if isinstance(value, dict):
            return {name: bool(item) if name in keys else plain(item) for name, item in value.items()}
        return value

    return plain({name: value for name, value in state.items() if name not in ("calls", "logouts", "made")})


def set_up(scratch, kind, *words, account=ACCOUNT, files=()):
    """A host whose mail server is one of `kind`, which it does not follow yet."""
    server = Server(kind + "d.py", "example.com", "example.org", *words)
    host = Host(PROGRAM, scratch)
    host.write("etc/mailauthctl/account", account)
    for name, text in files:
        host.write(name, text)
    host.must("server", "set", "mta.backend", kind, "mta.url", server.url, "mta.credentials-file",
              "/etc/mailauthctl/account", "mta.hostname", "mail.example.com")
    host.must("domain", "add", "example.com", "example.org")
    return host, server


def keep(host, server):
    host.keep()
    server.order(do="keep")


def restore(host, server):
    host.restore()
    server.order(do="restore")


def history(host):
    return json.loads(host.must("--json", "mta", "history"))


def keys_of(host):
    return len([key for key in json.loads(host.must("--json", "key", "list")) if key["domain"] == "example.com"])


def finish(host, server, command, wanted):
    """What is wrong after the command is repeated; "" if it does all that was asked for, once."""
    status, _, err = host.run(*command)
    if status != 0:
        return f"again: {status} {err}"
    if command == REMOVE:
        return "" if view(server.state()) == wanted else f"{view(server.state())} instead of {wanted}"
    host.must("mta", "push")
    if view(server.state()) != wanted:
        return f"{view(server.state())} instead of {wanted}"
    if command != DISABLE and keys_of(host) > 1:
        return "more than one key"
    before = len(server.state()["calls"])
    host.must("mta", "push")
    late = [call for call in server.state()["calls"][before:] if is_write(call)]
    return f"pushed again: {late}" if late else ""


# ---- killed ------------------------------------------------------------------------------------------


def kill_at(host, server, command, at, is_late):
    """Runs the command, killed at its request number `at`: the requests of it, and whether it was killed."""
    before = len(server.state()["calls"])
    process = host.start(*command, gate=True)
    server.fault(f"{'kill-late' if is_late else 'kill'} {process.pid}", at=at)
    process.stdin.write("go\n")
    process.stdin.close()
    process.stdin = None
    host.finish(process)
    server.fault(None)
    return server.state()["calls"][before:], was_killed(process)


def judge(host, server, command, pushes, before, wanted):
    """What is wrong after a kill; "" if the next command knows what happened, and repeating it does the rest."""
    killed = view(server.state())
    rows = history(host)
    state = json.loads(host.must("--json", "mta", "status"))["state"]
    status, out, err = host.run("doctor", "database")
    if view(server.state()) != killed:
        return "a look changed the server"
    if killed != before and len(rows) == pushes:
        return "the history does not know the push"
    if len(rows) > pushes and rows[0]["outcome"] == "interrupted":
        if not rows[0]["changed"]:
            return "the history does not say what the push changes"
        if state != "interrupted":
            return f"status: {state}"
        if "was interrupted" not in out or status == 0:
            return f"doctor: {out} {err}"
    elif killed not in (before, wanted) and not (len(rows) > pushes and rows[0]["outcome"] == "done"):
        return f"half of it is done, and the history says {rows[0]}"
    fault = finish(host, server, command, wanted)
    if not fault and any(row["outcome"] == "interrupted" for row in history(host)):
        fault = "still interrupted"
    return fault


def test_killed(scratch, kind):
    host, server = set_up(scratch, kind)
    host.must("mta", "adopt", "--yes")
    for command in (ENABLE, SETTINGS, DISABLE, REMOVE):
        keep(host, server)
        before, pushes = view(server.state()), len(history(host))
        host.must(*command)
        if command != REMOVE:
            host.must("mta", "push")
        wanted = view(server.state())
        restore(host, server)
        calls, _ = kill_at(host, server, command, 10000, False)
        faults, kills = [], 0
        for at, call in enumerate(calls, 1):
            for is_late in (False, True):
                if (is_late and not is_write(call)) or not (is_write(call) or at % READS_PER_KILL == 0):
                    continue
                restore(host, server)
                _, is_dead = kill_at(host, server, command, at, is_late)
                kills += is_dead
                # the logout is after the work
                fault = judge(host, server, command, pushes, before, wanted) if is_dead else ""
                if fault or not (is_dead or call == "logout"):
                    faults.append(f"{'after' if is_late else 'before'} {at} {call}: {fault or 'not killed'}")
        is_true(f"{kind}: \"{' '.join(command)}\" killed {kills} times at {len(calls)} requests", not faults and kills > 3, *faults)
        restore(host, server)
        host.must(*command)
    server.end()
    return host


# ---- faults ------------------------------------------------------------------------------------------

# What the server does, at which request (the second change of two), and what is said; None: nothing, it passes.
FAULTS = {
    "smartermail": (
        ("a token that expires in the middle", "expire", "POST .*antispam", 2, None),
        ("all tokens that expire", "expire all", "POST .*antispam", 2, None),
        ("success: false with a message", "refuse no licence", "POST .*antispam", 2, "no licence"),
        ("500 half-way", "500", "POST .*antispam", 2, "(HTTP 500)"),
        ("500 at a look", "500", "GET .*antispam", 3, "(HTTP 500)"),
        ("a page instead of JSON", "text", "POST .*antispam", 2, "not a JSON object"),
        ("a page at a look", "text", "GET .*antispam", 1, "not a JSON object"),
        ("a server that hangs", "hang", "POST .*antispam", 2, "did not answer in time"),
        ("a server that goes away", "drop", "POST .*antispam", 2, "cannot be asked"),
    ),
    "icewarp": (
        ("a session that expires in the middle", "expire", "setserver", 2, None),
        ("a licence without it", "result -2", "setserver", 2, "the licence does not include it"),
        ("500 half-way", "500", "setserver", 2, "(HTTP 500)"),
        ("500 at a look", "500", "getserver", 1, "(HTTP 500)"),
        ("a page instead of XML", "text", "setserver", 2, "not XML"),
        ("a page at a look", "text", "getserver", 1, "not XML"),
        ("a server that hangs", "hang", "setserver", 2, "did not answer in time"),
        ("a server that goes away", "drop", "setserver", 2, "cannot be asked"),
    ),
}


def check_fault(host, server, row, before, wanted):
    """What is wrong; ""."""
    _, do, match, at, words = row
    pushes = len(history(host))
    server.fault(do, match, at)
    status, _, err = host.run(*SETTINGS)
    server.fault(None)
    after = view(server.state())
    if not words:
        if status != 0 or after != wanted:
            return f"{status} {err} {after}"
        return finish(host, server, SETTINGS, wanted)
    if status != 1 or words not in err:
        return f"{status} {err}"
    rows = history(host)
    if do == "drop":
        if "was not restored" not in err or rows[0]["outcome"] != "interrupted" or not rows[0]["changed"]:
            return f"it does not say that a part is done: {err} {rows[0]}"
    elif after != before:
        return f"not undone: {after}"
    elif len(rows) > pushes and (rows[0]["outcome"] != "undone" or words not in rows[0]["why"]):
        return f"the history says {rows[0]}"
    return finish(host, server, SETTINGS, wanted)


def test_faults(scratch, kind, is_slow):
    """Those with a server that hangs are slow: they run beside the others."""
    host, server = set_up(scratch, kind)
    host.must("mta", "adopt", "--yes")
    keep(host, server)
    before = view(server.state())
    host.must(*SETTINGS)
    wanted = view(server.state())
    results = []
    for row in FAULTS[kind]:
        if (row[1] == "hang") != is_slow:
            continue
        restore(host, server)
        began = time.monotonic()
        fault = check_fault(host, server, row, before, wanted)
        if is_slow and time.monotonic() - began < 20:
            fault = fault or "it did not wait for its limit"
        results.append((f"{kind}: {row[0]}", fault))
    server.end()
    return host, results


def test_account(scratch, kind):
    host, server = set_up(scratch, kind, account=ACCOUNT.replace(PASSWORD, "another-" + PASSWORD))
    before = view(server.state())
    status, _, err = host.run("mta", "adopt", "--yes")
    is_true(f"{kind}: a wrong password is said", status == 1 and "mta.credentials-file" in err, status, err)
    is_true("... nothing is changed", view(server.state()) == before)
    host.write("etc/mailauthctl/account", ACCOUNT)
    host.must("mta", "adopt", "--yes")
    is_true("... and the right one serves", view(server.state()) != before)
    host.must("domain", "add", "example.net")
    before = server.state()
    status, _, err = host.run("domain", "enable-dkim", "example.net")
    is_true(f"{kind}: a domain that the server does not have is said",
            status == 0 and "example.net is not signed" in err and "add it there" in err, status, err)
    is_true("... and is not made", server.state()["domains"] == before["domains"], server.state()["domains"])
    server.end()
    return host


def test_releases(scratch, kind):
    words = {"smartermail": ("antispam",),
             "icewarp": ("C_Mail_SMTP_Other_SPFSRS", "C_Mail_SMTP_Other_SPFSRSKey")}[kind]
    host, server = set_up(scratch, kind, *(word for name in words for word in ("--without", name)))
    host.must("mta", "adopt", "--yes")
    status, _, err = host.run("server", "set", "srs.enabled", "on")
    is_true(f"{kind}: a release without SRS: it is refused before it is saved",
            status == 1 and "SRS" in err and host.must("server", "get", "srs.enabled").strip() == "off", status, err)
    server.end()
    return host


# ---- certificates ------------------------------------------------------------------------------------


def make_certificate(folder, name, more=()):
    path = os.path.join(folder, name)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", path + ".key", "-out", path + ".crt", "-subj", "/CN=" + name, *more],
        check=True, capture_output=True)
    texts = []
    for ending in (".key", ".crt"):
        with open(path + ending, encoding="ascii") as file:
            texts.append(file.read())
    with open(path + ".pem", "w", encoding="ascii") as file:
        file.write("".join(texts))
    return path + ".pem", texts[1]


def test_certificates(scratch):
    trusted = "etc/ssl/certs/ca-certificates.crt"
    right, right_text = make_certificate(scratch, "right.example", ("-addext", "subjectAltName=IP:127.0.0.1"))
    wrong, wrong_text = make_certificate(scratch, "wrong.example")
    pinned = ACCOUNT + "certificate /etc/mailauthctl/server.crt\n"
    rows = (
        ("an authority of the system and the right name", right, ACCOUNT, ((trusted, right_text),), None),
        ("an authority of the system and a wrong name", wrong, ACCOUNT, ((trusted, wrong_text),), "certificate"),
        ("an unknown authority", right, ACCOUNT, (), "certificate"),
        ("a pinned certificate, whatever its name", wrong, pinned, (("etc/mailauthctl/server.crt", wrong_text),), None),
        ("another certificate than the pinned one", right, pinned, (("etc/mailauthctl/server.crt", wrong_text),),
         "another certificate"),
    )
    for number, (name, certificate, account, files, words) in enumerate(rows):
        host, server = set_up(scratch, KINDS[number % 2], "--certificate", certificate, account=account, files=files)
        server.context = ssl.create_default_context()
        server.context.check_hostname, server.context.verify_mode = False, ssl.CERT_NONE
        status, _, err = host.run("mta", "adopt", "--yes")
        calls = server.state()["calls"]
        if words:
            is_true(f"TLS: {name} is refused", status == 1 and words in err, status, err)
            is_true("... before anything is sent", calls == [], calls)
        else:
            is_true(f"TLS: {name}", status == 0, status, err)
        server.end()


# ---- secrets -----------------------------------------------------------------------------------------

SHOWING = (
    ("mta", "status"), ("mta", "plan"), ("mta", "history"), ("mta", "history", "2"), ("mta", "history", "3"),
    ("mta", "backends"), ("mta", "features"), ("server", "list"), ("server", "describe", "mta.credentials-file"),
    ("domain", "list"), ("domain", "show", "example.com"), ("key", "list"), ("key", "show", "example.com"),
    ("audit", "list"), ("audit", "show", "4"), ("audit", "show", "5"), ("config", "export"), ("doctor", "database"),
    ("zone", "show", "example.com"),
)


class Watch(threading.Thread):
    """Collects the words and the environment of every process but the tests' servers, which know the account."""

    def __init__(self):
        super().__init__(daemon=True)
        self.found, self.is_over = set(), False

    def run(self):
        while not self.is_over:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for name in ("cmdline", "environ"):
                    try:
                        with open(f"/proc/{pid}/{name}", "rb") as file:
                            text = file.read()
                        if b"d.py\0" not in text:
                            self.found.add(text)
                    except OSError:
                        pass  # it ended

    def end(self):
        self.is_over = True
        self.join()


def secrets_of(server, state):
    """(name, octets, where they are meant to be) of each."""
    yield "the password", PASSWORD.encode(), ("/etc/mailauthctl/account",)
    yield "a token", b"tok-", ()
    yield "a session", b"sid-", ()
    pem = state["domains"]["example.com"].get("D_DKIM_PrivateKey", "")
    if pem:
        yield "a private key", pem.split("\n")[5].encode(), ()
        der = ssl.PEM_cert_to_DER_cert(pem.replace("PRIVATE KEY", "CERTIFICATE"))
        yield "a private key's octets", der[100:132], ("/lib/mailauthctl/mailauthctl.db", "/lib/mailauthctl/mailauthctl.db-wal")
        yield "the SRS secret", state["server"]["C_Mail_SMTP_Other_SPFSRSKey"].encode(), (
            "/lib/mailauthctl/mailauthctl.db", "/lib/mailauthctl/mailauthctl.db-wal")


def test_secrets(scratch, kind):
    host, server = set_up(scratch, kind)
    watch = Watch()
    watch.start()
    host.must("mta", "adopt", "--yes")
    host.must(*ENABLE)
    host.must(*SETTINGS)
    state = server.state()
    # failures have words, too
    write = {"smartermail": "POST .*antispam", "icewarp": "setserver"}[kind]
    for do in ("500 " + PASSWORD, "400 " + PASSWORD + " tok-1", "refuse " + PASSWORD, "result -1", "text", "kill", "drop"):
        process = host.start("server", "set", "spf.mode", "reject-softfail", gate=True)
        server.fault(f"kill-late {process.pid}" if do == "kill" else do, write)
        process.stdin.write("go\n")
        process.stdin.close()
        process.stdin = None
        host.finish(process)
        server.fault(None)
        host.must("server", "set", "spf.mode", "reject-fail")
    for words in SHOWING:
        for form in ((), ("--json",)):
            host.run(*form, *words)
    host.must(*DISABLE)
    host.must(*REMOVE)
    watch.end()
    said, argv = "\n".join(host.said).encode(), b"\n".join(watch.found)
    is_true(f"{kind}: processes were watched", b"mailauthctl\0mta\0adopt" in argv)
    for name, secret, places in secrets_of(server, state):
        hits = [path for path, octets in host.files() if secret in octets and path not in places]
        hits += ["what was said"] if secret in said else []
        hits += ["/proc/*/cmdline or environ"] if secret in argv else []
        is_true(f"{kind}: {name} is nowhere but where it is meant to be", not hits, hits)
    server.end()


# ---- libraries ---------------------------------------------------------------------------------------


def libraries(host, *words):
    """Which of the three a command opens."""
    _, _, err = host.run(*words, env={"LD_DEBUG": "files"})
    return {name for name in ("curl", "expat", "jansson") if f"lib{name}.so" in err}


def test_libraries(scratch):
    host = Host(PROGRAM, scratch)
    host.must("domain", "add", "example.com")
    for words in (("server", "get", "spf.mode"), ("server", "list"), ("server", "set", "spf.mode", "reject-fail"),
                  ("domain", "list"), ("key", "list"), ("mta", "status"), ("help",), ("--version",)):
        found = libraries(host, *words)
        is_true(f"\"{' '.join(words)}\" opens no library of remote servers", not found, found)
    is_true("\"--json server list\" opens that of JSON alone", libraries(host, "--json", "server", "list") == {"jansson"})
    for kind, wanted in (("smartermail", {"curl", "jansson"}), ("icewarp", {"curl", "expat"})):
        host, server = set_up(scratch, kind)
        found = libraries(host, "mta", "adopt", "--yes")
        is_true(f"\"mta adopt\" of {kind} opens {' and '.join(sorted(wanted))}", found == wanted, found)
        server.end()


def main():
    scratch = tempfile.mkdtemp(prefix="push.")
    try:
        why = cannot(PROGRAM, scratch)
        if why:
            skip("mailauthctl and remote servers", "no mount namespace: " + why)
            return
        slow, threads = [], []
        for kind in KINDS:
            threads.append(threading.Thread(target=lambda kind=kind: slow.append(test_faults(scratch, kind, True))))
            threads[-1].start()
        test_libraries(scratch)
        test_certificates(scratch)
        for kind in KINDS:
            test_secrets(scratch, kind)
            test_account(scratch, kind)
            test_releases(scratch, kind)
            slow.append(test_faults(scratch, kind, False))
            test_killed(scratch, kind)
        for thread in threads:
            thread.join()
        for _, results in slow:
            for name, fault in results:
                is_true(name, not fault, fault)
        is_true("every fault was looked at", sum(len(results) for _, results in slow) ==
                sum(len(rows) for rows in FAULTS.values()))
    finally:
        shutil.rmtree(scratch)
    print(f"1..{count}")
    sys.exit(failed != 0)


main()
