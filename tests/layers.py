#!/usr/bin/env python3
"""Checks every #include of the C files below the current folder against the tables of layers in
CONTRIBUTING.md, and looks for files that include each other in a circle and for words that do not belong
in their room.

usage: layers.py CONTRIBUTING.md FILE...        prints "FILE:LINE: what is wrong"
exit status: 1 when it printed anything
"""

import os
import re
import sys

SYSTEM = set("""aio alloca assert byteswap ctype dirent dlfcn endian err errno fcntl fnmatch ftw
getopt glob grp ifaddrs inttypes langinfo libgen libintl limits link locale malloc math netdb paths
poll pthread pty pwd regex resolv sched search semaphore setjmp signal spawn stdalign stdarg
stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog termios threads time
ucontext unistd utime wchar wctype""".split())
SYSTEM_FOLDERS = {"arpa", "linux", "net", "netinet", "sys"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]*)"|<([^>]*)>)')


def rows(text, heading):
    """The cells of each row of the table that begins so."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(heading):
            next(lines, None)
            break
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.split("|")[1:-1]]


class Layers:
    def __init__(self, text):
        self.may = {}  # folder: those that it may include, itself among them
        self.owners = {}  # (folder, header): base names of files
        self.rooms = {}  # layer: {room: its place from the left}
        self.guests = {}  # "core/mta/engine": the only rooms of its layer that may include it
        for folder, may, libraries in rows(text, "| folder | may include |"):
            self.may[folder] = {folder, *may.split()}
            for part in filter(None, libraries.split(",")):
                headers, files = part.split(":")
                for header in headers.split():
                    self.owners[folder, header] = files.split()
        for layer, arrows, only in rows(text, "| layer | rooms |"):
            places = arrows.split("<-")
            self.rooms[layer] = {
                room: place for place, names in enumerate(places) for room in names.split()
            }
            for part in filter(None, only.split(",")):
                room, guests = part.split(":")
                self.guests[f"{layer}/{room.strip()}"] = guests.split()

        self.words = []  # (word, rooms without it, base names of files that may have it)
        for word, names, files in rows(text, "| word | rooms of core/mta without it |"):
            folders = tuple(f"core/mta/{room}/" for room in names.split())
            self.words.append((word, folders, files.split()))

    def word(self, path, line):
        """The first word of the line that its room does not know; None: none."""
        for word, folders, files in self.words:
            if path.startswith(folders) and os.path.basename(path) not in files and word in line.lower():
                return word
        return None

    def layer(self, path):
        return max((f for f in self.may if path.startswith(f + "/")), key=len, default=None)

    def room(self, path):
        """The room of a layer that has rooms, "" for a file beside them, None where there are none."""
        rooms = self.rooms.get(self.layer(path))
        if rooms is None:
            return None
        first = path[len(self.layer(path)) + 1 :].split("/")[0]
        return first if first in rooms else ""

    def has_owner(self, folder, path, header):
        """None: an owner may; otherwise what is wrong."""
        owner = self.owners.get((folder, header))
        if owner is None:
            key = header.split("/")[0] + "/*" if "/" in header else header
            owner = self.owners.get((folder, key))
        if owner == ["*"]:
            return None
        if path.endswith(".h"):
            return f"<{header}> in a header of ours"
        if owner is None:
            return f"<{header}> has no owner in {folder}"
        if os.path.basename(path) not in owner:
            return f"<{header}> belongs to {' '.join(owner)} alone"
        return None

    def quoted(self, path, name):
        folder, to = self.layer(path), self.layer(name)
        if name.endswith(".inc"):  # made by the Makefile from db/, man/ and completions/
            return None
        if not name.endswith(".h"):
            return f'"{name}" is not a header'
        if to is None:
            return f'"{name}" does not start with a folder of the table'
        if to not in self.may[folder]:
            return f'{folder} may not include {to} ("{name}")'
        if re.search(r"(^|/|_)(inner|internal)\.h$", name) and (
            to != folder or os.path.dirname(name) != os.path.dirname(path)
        ):
            return f'"{name}" is private to {os.path.dirname(name)}'
        here, there = self.room(path), self.room(name)
        if to == folder and here and there and here != there:
            places = self.rooms[folder]
            guests = self.guests.get(f"{folder}/{there}")
            if places[there] >= places[here] or (guests and here not in guests):
                return f'{folder}/{here} may not include {folder}/{there} ("{name}")'
        return None


def module(path):
    """A source with its header and with what is private to both."""
    return re.sub(r"(_inner)?\.[ch]$", "", path)


def circles(edges):
    """Tarjan's strongly connected components of more than one module."""
    index, low, stack, found = {}, {}, [], []

    def visit(at):
        index[at] = low[at] = len(index)
        stack.append(at)
        for to in sorted(edges.get(at, ())):
            if to not in index:
                visit(to)
                low[at] = min(low[at], low[to])
            elif to in stack:
                low[at] = min(low[at], index[to])
        if low[at] == index[at]:
            group = stack[stack.index(at) :]
            del stack[stack.index(at) :]
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10000)
    for at in sorted(edges):
        if at not in index:
            visit(at)
    return sorted(found)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        layers = Layers(file.read())
    paths, edges, is_bad = sys.argv[2:], {}, False

    def wrong(where, what):
        nonlocal is_bad
        is_bad = True
        print(f"{where}: {what}")

    for path in paths:
        folder = layers.layer(path)
        if folder is None or layers.room(path) == "" and path != "cli/main.c":
            wrong(f"{path}:1", "its folder is not in the table of CONTRIBUTING.md")
            continue
        stem = path[:-2]
        own = {stem + ".h", stem + "_inner.h"}
        has_own = path.endswith(".c") and stem + ".h" in paths
        is_first = True
        targets = edges.setdefault(module(path), set())
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                word = layers.word(path, line)
                if word:
                    wrong(f"{path}:{number}", f'"{word}" is the word of another room')
                match = INCLUDE.match(line)
                if not match:
                    continue
                name, system = match.groups()
                where = f"{path}:{number}"
                fault = None
                if name is not None:
                    fault = layers.quoted(path, name)
                    if name.endswith(".h") and module(name) != module(path):
                        targets.add(module(name))
                else:
                    head = system.split("/")[0]
                    is_known = head in SYSTEM_FOLDERS if "/" in system else system[:-2] in SYSTEM
                    if not is_known:
                        fault = layers.has_owner(folder, path, system)
                if fault:
                    wrong(where, fault)
                if is_first and has_own and name not in own:
                    wrong(where, f'the first include is not its own header "{stem}.h"')
                is_first = False
    for group in circles(edges):
        wrong(group[0], "a circle of files: " + " ".join(group))
    return is_bad


sys.exit(main())
