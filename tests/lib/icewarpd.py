"""IceWarp's XML interface, as its public clients describe it, for tests.

usage: icewarpd.py USER PASSWORD DOMAIN... [--certificate FILE] [--without VARIABLE]...

As smartermaild.py: prints its URL; POST /test {"faults": [{"match": "setdomainproperties", "at": 1, "do": ...}]}
with "500", "hang", "drop", "text" (no XML), "result -2", "expire", "kill PID", "kill-late PID"; {"domain": NAME, "do":
"add"}; {"set": {"C_X": "1"}}; {"domain": NAME, "set": {...}}; {"do": "keep"} and, any number of times, {"do":
"restore"}; GET /test: the whole state.
"""

import argparse
import copy
import json
import os
import re
import signal
import sys
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

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
    "server": {
        "C_Version": "14.2.0.9",
        "C_Accounts_Global_Domains_DomainKeys": "0",
        "C_Mail_Security_DMARC_UseSPF": "0",
        "C_Mail_Security_DMARC_SPFSoftFail": "1",
        "C_Mail_Security_DMARC_SPFHardFail": "1",
        "C_Mail_Security_DMARC_UseDKIM": "false",
        "C_Mail_Security_DMARC_UseDMARC": "0",
        "C_Mail_Security_DMARC_DMARCReject": "0",
        "C_Mail_SMTP_Other_SPFSRS": "0",
        "C_Mail_SMTP_Other_SPFSRSKey": "",
    },
    "domains": {},
    "calls": [],
    "logouts": 0,
}
for variable in arguments.without:
    state["server"].pop(variable, None)
sessions, faults, serial, kept = set(), [], 0, None


def add_domain(name):
    state["domains"][name] = {"D_DKIM_Active": "0", "D_DKIM_Selector": "", "D_DKIM_PrivateKey": ""}
    for missing in arguments.without:
        state["domains"][name].pop(missing, None)


def reply(inner, kind="result", sid=""):
    return 200, "text/xml", (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<iq sid="{sid}" uid="1" type="{kind}">'
        f'<query xmlns="admin:iq:rpc">{inner}</query></iq>')


def result(text, **more):
    return reply(f"<result>{text}</result>", **more)


def read(values, params, kind):
    items = ""
    for item in params.find(kind):
        name = item.findtext("propname")
        found = next((k for k in values if k.lower() == name.lower()), None)
        value = (f"<classname>tpropertystring</classname><val>{escape(values[found])}</val>"
                 if found else "<classname>tpropertynovalue</classname>")
        items += (f"<item><apiproperty><propname>{escape(name)}</propname></apiproperty>"
                  f"<propertyval>{value}</propertyval><propertyright>2</propertyright></item>")
    return result(items)


def write(values, params):
    for item in params.find("propertyvaluelist"):
        name = item.findtext("apiproperty/propname")
        found = next((k for k in values if k.lower() == name.lower()), None)
        if not found:
            return result("0")
        values[found] = item.findtext("propertyval/val") or ""
    return result("1")


def carry_out(command, params):
    global serial
    if command == "authenticate":
        if (params.findtext("email"), params.findtext("password")) != (arguments.user, arguments.password):
            return reply(f"<result>-6</result><text>{params.findtext('password')}</text>", kind="error")
        serial += 1
        sid = f"sid-{serial}"
        sessions.add(sid)
        return result("1", sid=sid)
    if command == "logout":
        state["logouts"] += 1
        return result("1")
    if command == "getdomainsinfolist":
        mask = params.findtext("filter/namemask")
        return result("".join(f"<item><name>{escape(n)}</name></item>" for n in state["domains"] if n == mask))
    if command == "getserverproperties":
        return read(state["server"], params, "serverpropertylist")
    if command == "setserverproperties":
        return write(state["server"], params)
    domain = params.findtext("domainstr")
    if command == "getdomainproperties" and domain in state["domains"]:
        return read(state["domains"][domain], params, "domainpropertylist")
    if command == "setdomainproperties":
        if domain not in state["domains"]:
            add_domain(domain)
        return write(state["domains"][domain], params)
    return result("-1", kind="error")


def control(request):
    global faults, kept
    if request.method == "POST":
        order = json.loads(request.content)
        faults = order.get("faults", faults)
        if order.get("do") == "keep":
            kept = copy.deepcopy(state)
        elif order.get("do") == "restore":
            state.update(copy.deepcopy(kept))
            sessions.clear()
        elif order.get("do") == "add":
            add_domain(order["domain"])
        target = state["domains"][order["domain"]] if "domain" in order else state["server"]
        target.update(order.get("set", {}))
    return 200, "application/json", json.dumps(state)


def serve(request):
    if request.path == "/test":
        return control(request)
    iq = ET.fromstring(request.content)
    command = iq.findtext(".//{*}commandname")
    params = iq.find(".//{*}commandparams")
    for element in iq.iter():
        element.tag = element.tag.split("}")[-1]
    state["calls"].append(command)
    late = None
    for fault in faults:
        if not re.match(fault["match"], command):
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
            sessions.clear()
        elif what == "hang":
            return None
        elif what == "text":
            return 200, "text/html", "<html><p>welcome"
        elif what == "result":
            return result(rest, kind="error")
        else:
            return int(what), "text/plain", rest
    if command != "authenticate" and iq.get("sid") not in sessions:
        answer = reply("<error uid='session_invalid'/>", kind="error")
    else:
        answer = carry_out(command, params)
    if late:
        os.kill(late, signal.SIGKILL)
    return answer


for domain_name in arguments.domains:
    add_domain(domain_name)
http_server.start(serve, arguments.certificate)
