"""SmarterMail's REST interface, as its public clients describe it, for tests.

usage: smartermaild.py USER PASSWORD DOMAIN... [--certificate FILE] [--without dkim-routes|antispam|antispam-post]

Prints its URL, then serves until standard input is closed.  POST /test controls it:
  {"faults": [{"match": "POST .*dkim-enable", "at": 1, "do": "500"}]}   what happens at the at-th request that
      matches: a status, "hang", "drop" (from then on the connection is closed), "text" (no JSON),
      "refuse MESSAGE" (success: false), "expire" (the token, before), "kill PID" and "kill-late PID" (before,
      after it is carried out)
  {"domain": NAME, "do": "add"|"remove"|"rollover"}; {"do": "keep"} and, any number of times, {"do": "restore"}
GET /test: the whole state.
"""

import argparse
import base64
import copy
import json
import math
import os
import re
import secrets
import signal
import sys

sys.path.insert(0, os.path.dirname(__file__))
import http_server

parser = argparse.ArgumentParser()
parser.add_argument("user")
parser.add_argument("password")
parser.add_argument("domains", nargs="*")
parser.add_argument("--certificate")
parser.add_argument("--without", action="append", default=[])
arguments = parser.parse_args()

state = {
    "domains": {},
    "antispam": {
        "spfEnabled": False,
        "spfEnableSmtpIn": False,
        "spfWeightPass": 0,
        "spfWeightFail": 20,
        "spfWeightSoftFail": 10,
        "spfWeightNeutral": 0,
        "spfWeightNone": 0,
        "spfWeightPermError": 5,
        "smtpBlockThreshold": 30,
        "spfSrsEnabled": False,
        "dkimEnabled": False,
        "dkimMaxMessageSign": 100,
        "spamEnableDmarcPolicy": False,
        "others": {"kept": [1, 2.5, "x"]},
    },
    "made": 0,
    "calls": [],
}
tokens, faults, serial, kept = {}, [], 0, None


def der(tag, content):
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (octets if size < 128 else bytes([0x80 | len(octets)]) + octets) + content


def der_number(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def make_key(bits):
    """No key of the private half is needed: a modulus without small factors looks like a public key."""
    state["made"] += 1
    small = math.prod(n for n in range(3, 800, 2) if all(n % k for k in range(3, n, 2)))
    modulus = 2
    while math.gcd(modulus, 2 * small) != 1:
        modulus = secrets.randbits(bits) | 1 << (bits - 1)
    key = der(0x30, der_number(modulus) + der_number(65537))
    rsa = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return {
        "selector": f"2B8U4DAB93D58Y{state['made']}",
        "publicKey": base64.b64encode(der(0x30, rsa + der(3, b"\0" + key))).decode(),
        "keySize": bits,
    }


def add_domain(name):
    state["domains"][name] = {"active": None, "pending": None, "isActive": False, "signs": False}


def token(kind, name=""):
    global serial
    serial += 1
    text = f"tok-{kind}-{serial}"
    tokens[text] = (kind, name)
    return text


def answer(**members):
    return 200, "application/json", json.dumps({"success": True, "message": "", **members})


def refuse(message):
    return 200, "application/json", json.dumps({"success": False, "message": message})


def log_in():
    return answer(
        accessToken=token("admin"), refreshToken=token("refresh"), isAdmin=True,
        changePasswordNeeded=False,
    )


def keys_of(domain):
    keys = dict(domain["active"] or {"selector": "", "publicKey": ""})
    keys["isActive"] = domain["isActive"]
    keys["pending"] = domain["pending"] or False
    keys["maxMessageSign"] = 100
    return {"domainSettings": {"ldapPassword": "hunter2", "domainKeysSettings": keys}}


def dkim(domain, action, tail):
    if action == "enable":
        if domain["active"]:
            domain["signs"] = domain["isActive"] = True
    elif action == "disable":
        domain["pending"], domain["signs"] = None, False
    elif action == "create-rollover":
        domain["pending"] = make_key(int(tail))
        return answer(**domain["pending"], nextCheckUtc="2026-12-01T00:00:00Z")
    elif action == "delete-rollover":
        if not domain["pending"]:
            return refuse("nothing is pending")
        domain["pending"] = None
    elif action == "verify-rollover":
        if not domain["pending"]:
            return refuse("nothing is pending")
        domain["active"], domain["pending"] = domain["pending"], None
        domain["isActive"] = True
    return answer()


def route(method, path, content, kind, name):
    sysadmin = re.fullmatch(r"settings/sysadmin/(.*)", path)
    if path in ("settings/sysadmin/get-version", "settings/sysadmin/system-info"):
        return answer(version="100.0.9742")
    if path == "settings/sysadmin/antispam-settings":
        if "antispam" in arguments.without:
            return 404, "text/plain", ""
        if method == "GET":
            return answer(antispamSettings=state["antispam"])
        if "antispam-post" in arguments.without:
            return 405, "text/plain", ""
        state["antispam"] = content["antispamSettings"]
        return answer()
    if sysadmin and kind == "admin":
        found = re.fullmatch(r"(domain|domain-settings|manage-domain)/([^/]*)", sysadmin[1])
        if found:
            domain = state["domains"].get(found[2])
            if not domain:
                return refuse("Domain not found")
            if found[1] == "domain":
                return answer(domainData={"name": found[2]})
            if found[1] == "domain-settings":
                return answer(**keys_of(domain))
            return answer(impersonateAccessToken=token("domain", found[2]))
        found = re.fullmatch(r"dkim-(enable|disable|create-rollover|delete-rollover)/([^/]*)(?:/(.*))?", sysadmin[1])
        if found and "dkim-routes" not in arguments.without:
            return dkim(state["domains"][found[2]], found[1], found[3])
    if kind == "domain":
        domain = state["domains"][name]
        if path == "settings/domain/domain":
            return answer(**keys_of(domain))
        found = re.fullmatch(r"settings/domain/dkim-([a-z-]*)(?:/(.*))?", path)
        if found:
            return dkim(domain, found[1], found[2])
    return 404, "text/plain", ""


def control(request):
    global faults, kept
    if request.method == "POST":
        order = json.loads(request.content)
        faults = order.get("faults", faults)
        if order.get("do") == "keep":
            kept = copy.deepcopy(state)
        elif order.get("do") == "restore":
            state.update(copy.deepcopy(kept))
            tokens.clear()
        elif order.get("do") == "add":
            add_domain(order["domain"])
        elif order.get("do") == "remove":
            del state["domains"][order["domain"]]
        elif order.get("do") == "rollover":
            state["domains"][order["domain"]]["pending"] = make_key(2048)
        for key, value in order.get("antispam", {}).items():
            state["antispam"][key] = value
        if order.get("clear"):
            state["calls"] = []
    return 200, "application/json", json.dumps(state)


def serve(request):
    if request.path == "/test":
        return control(request)
    path = request.path.removeprefix("/api/v1/")
    call = f"{request.method} {path}"
    state["calls"].append(call)
    late = None
    for fault in faults:
        if not re.match(fault["match"], call):
            continue
        fault["seen"] = fault.get("seen", 0) + 1
        what, _, rest = fault["do"].partition(" ")
        if what == "drop" and fault["seen"] >= fault.get("at", 1):
            return http_server.CLOSED
        if fault["seen"] != fault.get("at", 1):
            continue
        if what == "kill":
            os.kill(int(rest), signal.SIGKILL)
            return None
        if what == "kill-late":
            late = int(rest)
        elif what == "expire":
            tokens.clear() if rest == "all" else [
                tokens.pop(t) for t, (k, _n) in list(tokens.items()) if k != "refresh"
            ]
        elif what == "hang":
            return None
        elif what == "text":
            return 200, "text/html", "<html>welcome</html>"
        elif what == "refuse":
            return refuse(rest)
        else:
            return int(what), "text/plain", rest
    content = json.loads(request.content or b"{}")
    if path == "auth/authenticate-user":
        if (content.get("username"), content.get("password")) != (arguments.user, arguments.password):
            return 401, "application/json", json.dumps(
                {"success": False, "message": f"wrong: {content.get('password')}"})
        result = log_in()
    elif path == "auth/refresh-token":
        if tokens.pop(content.get("token"), ("", ""))[0] != "refresh":
            return 401, "text/plain", ""
        result = log_in()
    else:
        kind, name = tokens.get(request.fields.get("Authorization", "").removeprefix("Bearer "), ("", ""))
        if kind not in ("admin", "domain"):
            return 401, "text/plain", "expired"
        result = route(request.method, path, content, kind, name)
    if late:
        os.kill(late, signal.SIGKILL)
    return result


for domain_name in arguments.domains:
    add_domain(domain_name)
http_server.start(serve, arguments.certificate)
