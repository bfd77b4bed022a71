#!/usr/bin/env python3
"""Answers of python3-spf to cases on standard input, one "RESULT<TAB>EXPLANATION" line for each."""
import logging
import sys

import spf

logging.disable(logging.CRITICAL)
for line in sys.stdin:
    client, sender, helo = line.split()
    try:
        query = spf.query(i=client, s=sender, h=helo, receiver="mx.example.test", timeout=20)
        result, _, why = query.check()
        own = why
    except Exception as error:  # a crash is a difference too
        result, own = "crash", type(error).__name__
    print(result, own.replace("\n", " "), sep="\t", flush=True)
