#!/usr/bin/env python3
"""Holds our answers against another program's; every difference must be explained by a row.

usage: compare.py PROGRAM OURS THEIRS CASES RECORDS DIFFERENCES [all-rows]

Prints the differences that no row explains, and "COUNT differences, EXPLAINED explained".  With
all-rows a row that explained nothing is printed too.  Exit status 1 when something was printed
besides the count.  Of a fail, python3-spf's explanation is compared too.
"""
import re
import sys


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return [line.rstrip("\n") for line in file]


def read_rows(path, program):
    rows = []
    for line in read(path):
        if line.startswith("#") or not line:
            continue
        columns = line.split("\t")
        if len(columns) != 6:
            sys.exit(f"{path}: not six columns: {line}")
        if columns[0] == program:
            patterns = [None if c == "-" else re.compile(c) for c in columns[1:4]]
            rows.append((patterns, columns[4], columns[5]))
    return rows


def answers_of(path, program):
    """(result, message) of each case."""
    if program != "libspf2":
        return [tuple(line.split("\t", 1)) for line in read(path)]
    answers = []
    for block in "\n".join(read(path)).split("== \n")[1:]:
        lines = block.split("\n")
        if lines[0] == "StartError":
            text = " ".join(line for line in lines if line.startswith("Error"))
            answers.append(("error", text))
        else:
            answers.append((lines[0], lines[1] if len(lines) > 1 else ""))
    return answers


def same(program, ours, theirs):
    result, message = theirs
    # spfquery has one word for everything that it gives up on.
    if program == "libspf2" and result == "error":
        return ours[0] in ("permerror", "temperror", "none")
    if program == "pyspf" and ours[0] == result == "fail":
        return ours[3] == ("" if message == "SPF fail - not authorized" else message)
    return ours[0] == result


def main():
    program = sys.argv[1]
    ours, cases, records = read(sys.argv[2]), read(sys.argv[4]), read(sys.argv[5])
    theirs = answers_of(sys.argv[3], program)
    rows = read_rows(sys.argv[6], program)
    if not len(ours) == len(theirs) == len(cases) == len(records):
        sys.exit(f"{len(cases)} cases, {len(ours)} answers of ours, {len(theirs)} of theirs")
    used = [0] * len(rows)
    count = unexplained = 0
    for mine, other, case, known in zip(ours, theirs, cases, records):
        columns = mine.split("\t")
        if same(program, columns, other):
            continue
        count += 1
        texts = (" ".join(columns[:3]), " ".join(other), known)
        for i, (patterns, _, _) in enumerate(rows):
            if all(p is None or p.search(t) for p, t in zip(patterns, texts)):
                used[i] += 1
                break
        else:
            unexplained += 1
            print(f"{case}: ours {texts[0]} {columns[3]}, {program} {texts[1]}")
            print("    " + known.replace("\t", "\n    "))
    stale = [row for row, times in zip(rows, used) if not times] if len(sys.argv) > 7 else []
    for _, section, why in stale:
        print(f"a row that explains nothing: {program}, {section}: {why}")
    print(f"{count} differences, {count - unexplained} explained")
    sys.exit(1 if unexplained or stale else 0)


if __name__ == "__main__":
    main()
