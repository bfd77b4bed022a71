#!/usr/bin/env python3
"""The public DMARC cases through the command line: verdicts, records and From fields.

$TESTDATA/dmarc has the cases.  Answers come from a zone file, or, where an answer is missing, from
our own name server.  Results are TAP.

usage: cases.py PROGRAM DNSD
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

PROGRAM, DNSD = (os.path.realpath(path) for path in sys.argv[1:3])
DATA = os.path.join(os.environ.get("TESTDATA") or "", "dmarc")
REASONS = {
    "none": "the From field contains no domain",
    "several": "the From field contains several domains",
    "several fields": "the message has several From fields",
    "unparsable": "the From field cannot be parsed",
}


def rows_of(name):
    with open(os.path.join(DATA, name), encoding="ascii") as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]


def octets(text):
    parts = {"r": b"\r", "n": b"\n"}
    out = b""
    for piece in re.findall(r"\\x[0-9A-Fa-f]{2}|\\.|[^\\]", text):
        if piece.startswith("\\x"):
            out += bytes([int(piece[2:], 16)])
        else:
            out += parts.get(piece[1:], piece.encode()) if piece[0] == "\\" else piece.encode()
    return out


def txt(data):
    """Character-strings of at most 255 octets, as a zone file has them."""
    pieces = []
    for string in data.split(b"\x1f"):
        for i in range(0, max(len(string), 1), 255):
            pieces.append(string[i : i + 255])
    quoted = []
    for piece in pieces:
        safe = "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:03}" for c in piece)
        quoted.append(f'"{safe}"')
    return " ".join(quoted)


def ask(folder, *words, message=None):
    done = subprocess.run(
        [PROGRAM, "--root", folder, "--json", "dmarc", "check", *words],
        input=message, capture_output=True, check=False,
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return {"result": f"exit {done.returncode}: {done.stderr.decode()}"}
    wanted = 3 if answer["disposition"] != "none" or answer["result"] == "temperror" else 0
    if done.returncode != wanted:
        answer["result"] += f" with exit {done.returncode}"
    return answer


def zone(folder, records):
    path = os.path.join(folder, "zone")
    with open(path, "w", encoding="ascii") as file:
        for name, data in records:
            file.write(f"{name}. 60 IN TXT {txt(data)}\n")
        file.write("none.invalid. 60 IN A 192.0.2.1\n")
    return path


def differs(answer, **wanted):
    got = {key: answer.get(key) for key in wanted}
    return "" if got == wanted else f"{got} instead of {wanted}"


def or_none(text):
    return None if text == "-" else text


def identifiers(spf, dkim):
    words = [] if spf == "none" else ["--spf", spf]
    return words + [word for item in dkim.split(",") if item != "none" for word in ("--dkim", item)]


def evaluate(row):
    _, _, _, domain, spf, dkim, dns, result, policy, org = row[:10]
    words = ["--from-domain", domain, *identifiers(spf, dkim)]
    records, table = [], []
    for item in dns.split("|"):
        kind, _, name = item.partition(":")
        if kind == "exists":
            words += ["--exists", name]
            table.append(f"{name} A 192.0.2.1")
        elif kind in ("servfail", "timeout"):
            table.append(f"{name} {kind.upper()}")
        elif item != "-":
            name, _, data = item.partition("=")
            records.append((name, octets(data)))
            table.append(f"{name} TXT {txt(octets(data))}")
    server = None
    with tempfile.TemporaryDirectory() as folder:
        if "servfail:" in dns or "timeout:" in dns:
            path = os.path.join(folder, "table")
            with open(path, "w", encoding="ascii") as file:
                file.write("\n".join(table) + "\n")
            server = subprocess.Popen([DNSD, path], stdout=subprocess.PIPE, text=True)
            words += ["--resolver", server.stdout.readline().strip()]
        else:
            words += ["--zone", zone(folder, records)]
        answer = ask(folder, *words)
        if server:
            server.kill()
            server.wait()
    return differs(answer, result=result, policy=or_none(policy), organizational_domain=or_none(org))


def check_record(row):
    _, _, record, valid, _, _, _, adkim, aspf, _, psd, effective = row[:12]
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        where = ["--zone", zone(folder, [("_dmarc.example.com", octets(record))])]
        cases = [
            ("example.com", []),
            ("sub.example.com", ["--exists", "sub.example.com"]),
            ("sub.example.com", []),
        ]
        for i, (domain, words) in enumerate(cases):
            answer = ask(folder, "--from-domain", domain, *words, *where)
            if valid == "no" or effective == "noproc":
                has_record = valid == "yes"
                faults.append(differs(answer, result="none", policy=None,
                    record_domain="example.com" if has_record else None))
            else:
                faults.append(differs(answer, result="fail", policy=effective.split("/")[i],
                    record_domain="example.com"))
        if valid == "yes" and effective != "noproc":
            answer = ask(folder, "--from-domain", "example.com", "--spf", "pass:x.example.com",
                "--dkim", "pass:y.example.com", *where)
            faults.append(differs(answer, spf_aligned=aspf == "r" and psd != "y",
                dkim_aligned=adkim == "r" and psd != "y"))
    return "\n".join(fault for fault in faults if fault)


def check_from(row):
    _, _, field, domain, reason = row[:5]
    text = octets(field)
    first = text.find(b"\n")
    end = b"\n" if first >= 0 and text[first - 1 : first] != b"\r" else b"\r\n"
    with tempfile.TemporaryDirectory() as folder:
        answer = ask(folder, "--message", "-", "--ip", "192.0.2.1", "--mail-from",
            "x@none.invalid", "--zone", zone(folder, []), message=text + end + end + b"body" + end)
    if domain == "refuse":
        return differs(answer, result="permerror", from_domain=None, disposition="reject",
            reason=REASONS[reason])
    return differs(answer, result="none", from_domain=domain, disposition="none")


def main():
    parts = [("evaluation.tsv", evaluate), ("records.tsv", check_record), ("from.tsv", check_from)]
    count = failed = 0
    for name, check in parts:
        if not os.path.isfile(os.path.join(DATA, name)):
            count += 1
            print(f"ok {count} - {name} # SKIP not in TESTDATA")
            continue
        rows = rows_of(name)
        # those that wait for an answer that never comes wait together
        with ThreadPoolExecutor(8) as pool:
            faults = list(pool.map(check, rows))
        count += 1
        bad = [(row[0], fault) for row, fault in zip(rows, faults) if fault]
        failed += bool(bad)
        print(f"{'not ok' if bad else 'ok'} {count} - {len(rows)} cases of {name}")
        for case, fault in bad[:30]:
            print(f"# {case}: " + fault.replace("\n", "\n#   "))
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


main()
