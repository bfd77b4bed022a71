"""A host of its own and a remote mail server on the loopback, for tests that run mailauthctl as a user does.

A command runs in a mount namespace where /etc, /var/lib and /run are a folder's: nothing of the machine is
changed, and several hosts can be used side by side.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.realpath(__file__))
USER, PASSWORD = "admin", "blue-horse-7"
ACCOUNT = f"user {USER}\npassword {PASSWORD}\n"
# It is run by mailauthctl's process itself, so the process is known before the program starts.
ENTER = """cd "$1" && mount --make-rprivate / &&
mount -t overlay -o lowerdir=/etc,upperdir="$1/etc",workdir="$1/work" overlay /etc &&
mount --bind lib /var/lib && mount --bind run /run && shift || exit 125
[ -z "$GATE" ] || read -r gate || exit 125
unset GATE; exec "$@" </dev/null"""
LIMIT = 240  # seconds, for a command that waits for a server that hangs

SPACES = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


class Host:
    """A folder with what the host keeps; commands run in it."""

    def __init__(self, program, scratch):
        self.program = os.path.realpath(program)
        self.folder = tempfile.mkdtemp(dir=scratch)
        for name in ("etc", "work", "lib", "run"):
            os.mkdir(self.path(name))
        self.said = []  # what each command wrote

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o600):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def start(self, *words, gate=False, wrapper=(), env=None):
        return subprocess.Popen(
            [*SPACES, "sh", "-c", ENTER, "sh", self.folder, *wrapper, self.program, *words],
            stdin=subprocess.PIPE if gate else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                 "GATE": "1" if gate else "", **(env or {})},
        )

    def finish(self, process):
        """Exit status, standard output, standard error."""
        out, err = process.communicate(timeout=LIMIT)
        self.said.append(out + err)
        if process.returncode == 125:
            raise RuntimeError(err)
        return process.returncode, out, err

    def run(self, *words, **options):
        return self.finish(self.start(*words, **options))

    def must(self, *words):
        status, out, err = self.run(*words)
        if status != 0:
            raise RuntimeError(f"{' '.join(words)}: {status} {err}")
        return out

    def keep(self):
        """restore() brings back what the host has now."""
        shutil.rmtree(self.path("kept"), ignore_errors=True)
        shutil.copytree(self.path("lib"), self.path("kept"))

    def restore(self):
        shutil.rmtree(self.path("lib"))
        shutil.copytree(self.path("kept"), self.path("lib"))

    def files(self):
        """Every file of the host, without what keep() copied: names and contents."""
        for name in ("lib", "run", "etc"):
            for folder, _, files in os.walk(self.path(name)):
                for file in files:
                    path = os.path.join(folder, file)
                    if os.path.isfile(path) and not os.path.islink(path):
                        with open(path, "rb") as octets:
                            yield path[len(self.folder):], octets.read()


class Server:
    """A server of tests/lib."""

    def __init__(self, name, *words):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "..", "lib", name), USER, PASSWORD, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.context = None

    def order(self, **order):
        request = urllib.request.Request(
            self.url + "/test", json.dumps(order).encode() if order else None, method="POST" if order else "GET")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.context))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def state(self):
        return self.order()

    def fault(self, do, match=".", at=1):
        self.order(faults=[{"match": match, "at": at, "do": do}] if do else [])

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def cannot(program, scratch):
    """Why no command can run in a namespace here; None: it can."""
    host = Host(program, scratch)
    try:
        host.must("--version")
    except RuntimeError as fault:
        return str(fault).splitlines()[-1]
    return None


def was_killed(process):
    return process.returncode == -signal.SIGKILL
