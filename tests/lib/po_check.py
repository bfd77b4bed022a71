#!/usr/bin/env python3
"""Compares a catalogue of messages with the messages of the code, beyond what msgfmt looks at.

usage: po_check.py PO POT

One line for each fault, exit status 1 when there is one: a message without a translation, fuzzy,
obsolete or unknown to the code; conversions of printf that differ; a command in quotes, a
<placeholder>, a setting or an option that the translation does not repeat; in a paragraph of the
manual, a macro of mdoc(7) for what is typed with other words.
"""
import collections
import re
import sys

CONVERSION = re.compile(
    r"%(?:(\d+)\$)?([-+ #0']*)(\*|\d+)?(?:\.(\*|\d+))?(hh|h|ll|l|z|j|t)?(<PRI\w+>|[diouxXeEfgGcspm%])")
# What is typed, and so is the same in every language.
TYPED = re.compile(
    r'"(?:mailauthctl|systemctl|journalctl|openssl|ssh-keygen|chmod|chattr|postconf) [^"]*"'
    r"|<[a-z0-9_-]+>|--[a-z]+(?:-[a-z]+)*"
    r"|\b(?:dkim|dmarc|dns|mta|spf|srs|zone)\.[a-z-]+[a-z]\b|\bRFC \d+")
# Macros whose words are the same in every language, and what may stand between or behind them.
TYPED_MACROS = {"Ar", "Cm", "Er", "Ev", "Fl", "Fn", "Ic", "Li", "Nm", "Pa", "Va", "Xr"}
PUNCTUATION = set(".,:;()")


def read(path):
    """Yields (flags, is_obsolete, {keyword: text}) for each entry."""
    flags, is_obsolete, texts, last = "", False, {}, None
    with open(path, encoding="utf-8") as lines:
        for line in [*lines, "\n"]:
            line = line.rstrip("\n")
            if line.startswith("#~"):
                is_obsolete = True
                line = line[2:].lstrip()
            if line.startswith("#,"):
                flags += line[2:]
            match = re.match(r'(msg\w+(?:\[\d\])?)? ?"(.*)"$', line)
            if match:
                last = match.group(1) or last
                texts[last] = texts.get(last, "") + re.sub(
                    r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), match.group(2))
            elif not line.strip() and texts:
                yield flags, is_obsolete, texts
                flags, is_obsolete, texts, last = "", False, {}, None


def conversions(text):
    found = [m.groups() for m in CONVERSION.finditer(text) if m.group(6) != "%"]
    return sorted((int(at or i), *rest) for i, (at, *rest) in enumerate(found, 1))


def edges(text):
    """Blanks and line breaks at both ends: pieces are joined there."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()):]


def typed_words(text):
    """How often each word is an argument of which macro."""
    found = collections.Counter()
    for line in text.split("\n"):
        macro = ""
        for word in line[1:].split() if line.startswith(".") else []:
            if re.fullmatch("[A-Z][a-z]", word):
                macro = word
                found[macro] += macro == "Nm"
            elif macro in TYPED_MACROS and word not in PUNCTUATION:
                found[macro, word] += 1
    return found


def faults_of(message, translation):
    if not translation:
        yield "no translation"
        return
    if conversions(message) != conversions(translation):
        yield "other conversions of printf"
    if edges(message) != edges(translation):
        yield "other blanks or line breaks at its ends"
    for word in sorted(set(TYPED.findall(message)) - set(TYPED.findall(translation))):
        yield f"lacks {word}"
    if message.startswith(".") or "\n." in message:
        wanted, words = typed_words(message), typed_words(translation)
        for word in sorted((wanted - words) + (words - wanted), key=str):
            yield f"another number of {word}"


def faults(po, pot):
    wanted = {e[2]["msgid"] for e in read(pot)}
    seen = set()
    for flags, is_obsolete, texts in read(po):
        message = texts["msgid"]
        if not message:
            continue
        seen.add(message)
        if is_obsolete or message not in wanted:
            yield message, "not in the code any more"
            continue
        if "fuzzy" in flags:
            yield message, "fuzzy"
        plural = texts.get("msgid_plural", message)
        for key, text in texts.items():
            if key.startswith("msgstr"):
                for fault in faults_of(message if key == "msgstr[0]" else plural, text):
                    yield message, fault
    for message in sorted(wanted - seen - {""}):
        yield message, "no translation"


def main():
    count = 0
    for message, fault in faults(*sys.argv[1:3]):
        print(f"{fault}: {message!r}")
        count += 1
    if count:
        print(f'{count} faults in {sys.argv[1]}; "make update-po" lists what is new and drops the rest')
    sys.exit(count > 0)


main()
