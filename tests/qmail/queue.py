#!/usr/bin/env python3
"""mailauth-qmail-queue through its real interface: a message on descriptor 0, its envelope on 1, the
client in the environment, as qmail-smtpd starts a program of QMAILQUEUE.

With TESTBED, the folder of a qmail that was built from source (its bin/ and control/), qmail-smtpd itself
starts it, too.  Results are TAP.

usage: queue.py MAILAUTH-QMAIL-QUEUE MAILAUTH-POLICYD DNSD
"""
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

QUEUE, POLICYD, DNSD = (os.path.realpath(path) for path in sys.argv[1:4])
RECEIVED = (
    b"Received: from unknown (HELO mail.pass.example) (192.0.2.1)\n"
    b"  by mx.example.net with %s; 1 Dec 2026 03:00:00 -0000\n"
)
FORGED = b"Authentication-Results: mx.example.net; dmarc=pass\n"
ENVELOPE = b"Fjoe@pass.example\0Tann@example.net\0Tbob@example.net\0\0"
ZONE = """
pass.example TXT v=spf1 ip4:192.0.2.1 -all
mail.pass.example TXT v=spf1 ip4:192.0.2.1 -all
_dmarc.pass.example TXT v=DMARC1; p=reject
fail.example TXT v=spf1 -all
_dmarc.fail.example TXT v=DMARC1; p=reject
_dmarc.down.example TXT v=DMARC1; p=reject
down.example SERVFAIL
"""
# What stands in for qmail-queue: it keeps the message and the envelope, each once, whole or not at all.
NEXT = """#!/bin/sh
cd "$KEPT" || exit 61
n=$(mktemp -u q.XXXXXX)
cat >"$n.message" && cat <&1 >"$n.envelope.new" && mv "$n.envelope.new" "$n.envelope"
exit ${NEXT_STATUS:-0}
"""

count = failed = 0


def is_same(name, got, wanted):
    global count, failed
    count += 1
    failed += got != wanted
    print(f"{'ok' if got == wanted else 'not ok'} {count} - {name}")
    if got != wanted:
        print(f"# got    {got!r}\n# wanted {wanted!r}", flush=True)


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def mail(domain="pass.example", protocol=b"SMTP", body=b"Hello\n", more=FORGED):
    return RECEIVED % protocol + more + b"From: joe@" + domain.encode() + b"\nSubject: hi\n\n" + body


class Bed:
    """A folder with the settings, a name server, and a next program."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = os.path.join(folder, "kept")
        os.mkdir(self.kept)
        with open(self.path("zone"), "w", encoding="ascii") as file:
            file.write(ZONE)
        with open(self.path("address"), "wb") as out:
            self.dnsd = subprocess.Popen([DNSD, self.path("zone")], stdout=out)
        address = ""
        for _ in range(500):
            with open(self.path("address"), encoding="ascii") as file:
                address = file.read().strip()
            if address:
                break
            time.sleep(0.02)
        self.write(
            "policyd.yaml",
            "version: 1\nhostname: mx.example.net\ndkim-verify: on\ndmarc-check: on\ndmarc-reject: on\n"
            f'nameservers:\n  - "{address}"\n',
        )
        self.write("next", NEXT, 0o755)
        self.env = {
            "PATH": "/usr/bin:/bin",
            "TCPREMOTEIP": "192.0.2.1",
            "TMPDIR": folder,
            "KEPT": self.kept,
            "MAILAUTH_QUEUE": self.path("next"),
            "MAILAUTH_POLICYD": POLICYD,
            "MAILAUTH_CONFIG": self.path("policyd.yaml"),
        }

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def start(self, error_fd=None, limit=None, **env):
        """The program, with the writing ends of its two pipes and the reading end of the third."""
        message, envelope, error = os.pipe(), os.pipe(), os.pipe()
        values = {**self.env, **env}
        values = {name: value for name, value in values.items() if value is not None}
        if error_fd:
            values["MAILAUTH_ERROR_FD"] = str(error_fd)

        def child():
            os.dup2(message[0], 0)
            os.dup2(envelope[0], 1)
            if error_fd:
                os.dup2(error[1], error_fd)
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        process = subprocess.Popen(
            [QUEUE], env=values, preexec_fn=child, stderr=subprocess.DEVNULL,
            pass_fds=[error_fd] if error_fd and error_fd > 2 else (), close_fds=True,
        ) if not error_fd or error_fd > 2 else subprocess.Popen(
            [QUEUE], env=values, preexec_fn=child
        )
        for fd in (message[0], envelope[0], error[1]):
            os.close(fd)
        return process, message[1], envelope[1], error[0]

    def run(self, text, envelope=ENVELOPE, **options):
        """Exit status (negative: a signal), and what is on the error descriptor."""
        process, message_fd, envelope_fd, error_fd = self.start(**options)
        for fd, octets in ((message_fd, text), (envelope_fd, envelope)):
            try:
                view = memoryview(octets)
                while view:
                    view = view[os.write(fd, view) :]
            except BrokenPipeError:
                pass
            os.close(fd)
        words = b""
        while piece := os.read(error_fd, 4096):
            words += piece
        os.close(error_fd)
        return process.wait(timeout=60), words

    def queued(self):
        """What was kept since the last call: pairs of message and envelope."""
        found = []
        for name in sorted(os.listdir(self.kept)):
            if name.endswith(".envelope"):
                with open(os.path.join(self.kept, name[:-9] + ".message"), "rb") as file:
                    message = file.read()
                with open(os.path.join(self.kept, name), "rb") as file:
                    found.append((message, file.read()))
        for name in os.listdir(self.kept):
            os.unlink(os.path.join(self.kept, name))
        return found


signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def field_of(message):
    first = message.split(b"\n", 1)[0]
    return first if first.startswith(b"Authentication-Results: mx.example.net;") else None


def test_verdicts(bed):
    is_same("a message that passes is queued", bed.run(mail())[0], 0)
    (message, envelope), = bed.queued()
    is_same("... with its envelope", envelope, ENVELOPE)
    is_same("... with one field of ours", message.count(b"Authentication-Results:"), 1)
    is_same("... on top", field_of(message) is not None and b"dmarc=pass" in message, True)
    is_same("... and unchanged else", message.endswith(mail(more=b"")), True)
    is_same("DMARC refuses for good", bed.run(mail("fail.example"), b"Fx@fail.example\0Ta@b\0\0")[0], 31)
    is_same("... and queues nothing", bed.queued(), [])
    status, words = bed.run(mail("fail.example"), b"Fx@fail.example\0Ta@b\0\0", error_fd=6)
    is_same("... with text where the build shows it", status, 82)
    is_same("... that names the domain", words[:1] == b"D" and b"fail.example" in words and
            words.endswith(b"(#5.7.1)"), True)
    status, words = bed.run(mail("down.example"), b"Fx@down.example\0Ta@b\0\0", error_fd=6)
    is_same("an SPF record that cannot be looked up, where the policy would refuse, defers", (status, words[:1]), (82, b"Z"))
    is_same("... by status alone", bed.run(mail("down.example"), b"Fx@down.example\0Ta@b\0\0")[0], 71)
    is_same("... and queues nothing", bed.queued(), [])
    is_same("the status of the next program", bed.run(mail(), NEXT_STATUS="53")[0], 53)
    bed.queued()


def test_origin(bed):
    refused = mail("fail.example")
    envelope = b"Fx@fail.example\0Ta@b\0\0"
    for name, text, env in (
        ("a client that may relay", refused, {"RELAYCLIENT": ""}),
        ("a local program", refused, {"TCPREMOTEIP": None}),
        ("a user of the authentication patch", refused, {"SMTPAUTHUSER": "joe"}),
        ("ESMTPA in the field of qmail-smtpd", mail("fail.example", b"ESMTPA"), {}),
        ("ESMTPSA there", mail("fail.example", b"ESMTPSA"), {}),
        ("no settings: the verifier is not set up", refused, {"MAILAUTH_CONFIG": "/nonexistent"}),
    ):
        is_same(f"{name} is not verified", bed.run(text, envelope, **env)[0], 0)
        is_same("... and the message is unchanged", bed.queued(), [(text, envelope)])
    fake = b"Received: from x (HELO y)\n  by mx with ESMTPA; now\n" + b"From: joe@fail.example\n\n"
    is_same("a field of the sender makes no login",
            bed.run(RECEIVED % b"SMTP" + fake, envelope)[0], 31)
    null = RECEIVED % b"SMTP" + b"From: joe@mail.pass.example\n\n"
    is_same("the null sender is judged by its HELO name", bed.run(null, b"F\0Ta@b\0\0")[0], 0)
    (message, _), = bed.queued()
    is_same("... of the Received field", b"smtp.helo=mail.pass.example" in message, True)


def test_faults(bed):
    for name, envelope, status in (
        ("the client is gone: no envelope", b"", 54),
        ("... a part of it", ENVELOPE[:-1], 54),
        ("... a part of an address", ENVELOPE[:20], 54),
        ("no sender", b"Tann@example.net\0\0", 91),
        ("something after the end", ENVELOPE + b"T", 91),
        ("an address that is too long", b"F" + 1100 * b"x" + b"\0Ta@b\0\0", 11),
    ):
        is_same(name, bed.run(mail(), envelope)[0], status)
        is_same("... and nothing is queued", bed.queued(), [])
    big = mail(body=b"x" * 70 + b"\n" + 4000 * (b"y" * 75 + b"\n"))
    is_same("a full disk", bed.run(big, limit=100000)[0], 53)
    is_same("a disk that is full for the verifier's output",
            bed.run(big, limit=len(big) + 50)[0], 71)
    is_same("no folder for files", bed.run(mail(), TMPDIR="/nonexistent")[0], 63)
    dead = bed.write("dead", "#!/bin/sh\nexit 1\n", 0o755)
    killed = bed.write("killed", "#!/bin/sh\nkill -9 $$\n", 0o755)
    hangs = bed.write("hangs", "#!/bin/sh\nexec sleep 1000\n", 0o755)
    forks = bed.write("forks", "#!/bin/sh\nsleep 1000 &\nexit 0\n", 0o755)
    for name, program in (("fails", dead), ("is killed", killed), ("is not there", "/nonexistent")):
        is_same(f"a verifier that {name} defers", bed.run(mail(), MAILAUTH_POLICYD=program)[0], 71)
    began = time.monotonic()
    is_same("a verifier that hangs defers",
            bed.run(mail(), MAILAUTH_POLICYD=hangs, MAILAUTH_TIME_LIMIT="1")[0], 71)
    is_same("... at its time limit", time.monotonic() - began < 30, True)
    is_same("nothing was queued by any of these", bed.queued(), [])
    is_same("a process that the verifier leaves is not waited for",
            bed.run(b"", MAILAUTH_POLICYD=forks, MAILAUTH_TIME_LIMIT="20")[0], 0)
    bed.queued()
    is_same("no next program", bed.run(mail(), MAILAUTH_QUEUE="/nonexistent")[0], 120)
    bed.env["TMPDIR"] = bed.path("tmp")
    os.mkdir(bed.path("tmp"))
    bed.run(mail())
    bed.queued()
    is_same("no file is left", os.listdir(bed.path("tmp")), [])


def test_kill(bed):
    """Killed at any moment: the message is queued whole, once, or not at all."""
    kept = lost = 0
    wrong = []
    for step in range(40):
        process, message_fd, envelope_fd, error_fd = bed.start()
        os.write(message_fd, mail())
        os.close(message_fd)
        os.write(envelope_fd, ENVELOPE)
        os.close(envelope_fd)
        os.close(error_fd)
        try:
            process.wait(timeout=0.002 * step)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        found = bed.queued()
        kept += len(found)
        lost += not found
        if len(found) > 1 or any(envelope != ENVELOPE or not field_of(m) for m, envelope in found):
            wrong.append(found)
    is_same("killed at 40 moments: whole and once, or not at all", wrong, [])
    is_same("... of which some come before the next program", lost > 0, True)


def talk(home, env, text, sender="joe@pass.example"):
    """The replies of qmail-smtpd to a message."""
    lines = ["EHLO mail.pass.example", f"MAIL FROM:<{sender}>", "RCPT TO:<ann@example.net>", "DATA"]
    octets = b"".join(line.encode() + b"\r\n" for line in lines)
    octets += text.replace(b"\n", b"\r\n") + b".\r\nQUIT\r\n"
    done = subprocess.run([os.path.join(home, "bin", "qmail-smtpd")], input=octets, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False)
    return [line.split(b" ")[0] + b" " + line.split(b" ", 1)[-1]
            for line in done.stdout.split(b"\r\n") if line[3:4] == b" "]


def test_qmail(bed, home):
    env = {**bed.env, "QMAILQUEUE": QUEUE, "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": "25",
           "TCPREMOTEHOST": "unknown", "PROTO": "TCP"}
    with open(os.path.join(home, "bin", "qmail-smtpd"), "rb") as file:
        name = "ERROR_FD" if b"ERROR_FD" in file.read() else "MAILAUTH_ERROR_FD"
    env[name] = "4" if name == "ERROR_FD" else "6"
    accepted = talk(home, env, mail(more=b""))
    is_same("qmail-smtpd: a message that passes is accepted", accepted[5][:3] if len(accepted) > 5
            else accepted, b"250")
    queued = bed.queued()
    is_same("... and queued with our field", len(queued) == 1 and field_of(queued[0][0]) is not None,
            True)
    refused = talk(home, env, mail("fail.example", more=b""), "x@fail.example")
    is_same("qmail-smtpd: a refused one", refused[5][:3], b"554")
    is_same("... with our words", b"fail.example" in refused[5], True)
    del env[name]
    refused = talk(home, env, mail("fail.example", more=b""), "x@fail.example")
    is_same("... with its own words otherwise", refused[5][:3], b"554")
    env["MAILAUTH_POLICYD"] = "/nonexistent"
    is_same("qmail-smtpd: no verifier defers", talk(home, env, mail(more=b""))[5][:3], b"451")
    is_same("... and nothing of these is queued", bed.queued(), [])


def main():
    folder = tempfile.mkdtemp()
    bed = Bed(folder)
    try:
        test_verdicts(bed)
        test_origin(bed)
        test_faults(bed)
        test_kill(bed)
        home = os.environ.get("TESTBED")
        if home:
            test_qmail(bed, home)
        else:
            skip("qmail-smtpd starts it", "TESTBED names no qmail")
    finally:
        bed.dnsd.kill()
        bed.dnsd.wait()
        shutil.rmtree(folder)
    print(f"1..{count}")
    sys.exit(failed != 0)


main()
