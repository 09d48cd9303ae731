# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

"""A web server for specs: uhttpd, rpcd and LuCI as far as a page needs them.

    python3 tests/browser/web.py CONFIGURATION

The configuration is a JSON file:

    port        0: a free one; it is printed
    root        folder of files below /luci-static/
    page        the view that the page /cgi-bin/luci/... loads: "moonflash"
    po          folder of the translations, LANGUAGE/*.po
    acl         files with groups of methods, as rpcd has them
    object      the program of the ubus object: ["lua5.1", "rpcd/moonflash"]; rpcd calls it as `PROGRAM call METHOD`
    calls       a file: a line of JSON for each call
    environment of the program

The sessions are `admin` (all of the groups) and `reader` (their read parts). Compared in 2026-11: by running with rpcd
4476687, uhttpd f682cca (-32002, Access denied) and cgi-io 901b0f0 (refusals and answer of cgi-upload); by reading with
LuCI 21.02 (page). Differences: cgi-upload does not normalize the path; its answer has no checksums.
"""
import email.parser
import email.policy
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DENIED, NO_OBJECT, TIMEOUT = -32002, -32000, 7
LIMIT = 30  # seconds; rpcd's `-t` as OpenWrt starts it
TYPES = {"js": "application/javascript", "css": "text/css", "html": "text/html; charset=utf-8",
         "json": "application/json"}


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


configuration = read_json(sys.argv[1])
written = threading.Lock()


# --- rpcd ----------------------------------------------------------------------------------------

def grants(session):
    """What the ACL gives a session: scope, object pattern, function."""
    kinds = {"admin": ("read", "write"), "reader": ("read",)}.get(session, ())
    parts = [(kind, group[kind]) for path in configuration["acl"] for group in read_json(path).values()
             for kind in kinds if kind in group]
    for kind, part in parts:
        for scope, entries in part.items():
            if isinstance(entries, list):  # the kind is the function
                entries = {name: [kind] for name in entries}
            for pattern, functions in entries.items():
                yield from ((scope, pattern, function) for function in functions)


def may(session, scope, name, function):
    return any(scope == granted and function == allowed and fnmatch.fnmatchcase(name, pattern)
               for granted, pattern, allowed in grants(session))


def note(entry):
    with written, open(configuration["calls"], "a", encoding="utf-8") as calls:
        calls.write(json.dumps(entry) + "\n")


def run(method, arguments):
    """Calls a method of the object as rpcd does: ubus status and answer."""
    environment = dict(os.environ, **configuration.get("environment", {}))
    begun = time.monotonic()
    child = subprocess.Popen(configuration["object"] + ["call", method], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, env=environment)
    try:
        output = child.communicate(json.dumps(arguments).encode(), LIMIT)[0]
        status, answer = 0, json.loads(output)
    except subprocess.TimeoutExpired:
        child.kill()
        status, answer = TIMEOUT, None
    note({"method": method, "arguments": arguments, "seconds": time.monotonic() - begun, "answer": answer})
    return [status] if answer is None else [status, answer]


def called(message):
    answer = {"jsonrpc": "2.0", "id": message.get("id")}
    if message.get("method") == "list":
        return dict(answer, result={})
    session, name, method, arguments = message["params"]
    if not may(session, "ubus", name, method):
        return dict(answer, error={"code": DENIED, "message": "Access denied"})
    if name != "moonflash":
        return dict(answer, error={"code": NO_OBJECT, "message": "Object not found"})
    return dict(answer, result=run(method, dict(arguments, ubus_rpc_session=session)))


# --- LuCI ----------------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html>
<html lang="%(language)s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>router</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/luci-static/luci.css">
<script src="/cgi-bin/luci/admin/translations/%(language)s"></script>
<script src="/luci-static/luci.js"></script>
</head>
<body>
<div id="maincontent">
<div id="view"></div>
</div>
<script>new LuCI(%(environment)s).show("%(view)s")</script>
</body>
</html>
"""


def unquoted(lines):
    return "".join(json.loads(part) for part in lines)


def translations(language):
    """The texts of a language, of all .po files: a small part of what gettext knows."""
    texts = {}
    for path in glob.glob(os.path.join(configuration["po"], language, "*.po")):
        with open(path, encoding="utf-8") as file:
            for entry in re.split(r"\n\s*\n", file.read()):
                parts = {"msgid": [], "msgstr": []}
                kind = None
                for line in entry.split("\n"):
                    found = re.match(r'(?:(msgid|msgstr) )?(".*")$', line)
                    if found:
                        kind = found.group(1) or kind
                        parts[kind].append(found.group(2))
                if unquoted(parts["msgid"]) and unquoted(parts["msgstr"]):
                    texts[unquoted(parts["msgid"])] = unquoted(parts["msgstr"])
    return "window.TR = %s;\n" % json.dumps(texts)


class Handler(BaseHTTPRequestHandler):
    """A request; each has a thread."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind):
        bytes_ = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", TYPES[kind])
        self.send_header("Content-Length", str(len(bytes_)))
        self.end_headers()
        self.wfile.write(bytes_)

    def parameters(self):
        query = self.path.partition("?")[2]
        return dict(part.split("=", 1) for part in query.split("&") if "=" in part)

    def page(self):
        given = self.parameters()
        session = given.get("session", "admin")
        environment = {"scriptname": "/cgi-bin/luci", "resource": "/luci-static/resources", "ubuspath": "/ubus/",
                       "sessionid": session, "pollinterval": 5,
                       "nodespec": {"satisfied": True, "readonly": session != "admin"}}
        return PAGE % {"language": given.get("lang", "en"), "environment": json.dumps(environment),
                       "view": configuration["page"]}

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith("/cgi-bin/luci/admin/translations/"):
            return self.answer(200, translations(path.rpartition("/")[2]), "js")
        if path.startswith("/cgi-bin/luci"):
            return self.answer(200, self.page(), "html")
        for folder in configuration["root"]:
            file = os.path.join(folder, path.lstrip("/").partition("/")[2])
            if ".." not in path and os.path.isfile(file):
                with open(file, "rb") as content:
                    return self.answer(200, content.read(), path.rpartition(".")[2])
        return self.answer(404, "not found", "html")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.partition("?")[0]
        if path == "/ubus/":
            given = json.loads(body)
            answer = [called(one) for one in given] if isinstance(given, list) else called(given)
            return self.answer(200, json.dumps(answer), "json")
        if path == "/cgi-bin/cgi-upload":
            return self.upload(body)
        return self.answer(404, "not found", "html")

    def upload(self, body):
        head = ("Content-Type: %s\r\n\r\n" % self.headers["Content-Type"]).encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
                 for part in form.iter_parts()}
        session, path = parts["sessionid"].decode(), parts["filename"].decode()
        for scope, name, refusal in (("cgi-io", "upload", "Upload permission denied"),
                                     ("file", path, "Access to path denied by ACL")):
            if not may(session, scope, name, "write"):
                refused = {"message": refusal, "failure": [1, "Operation not permitted"]}
                return self.answer(200, json.dumps(refused), "json")
        with open(path, "wb") as file:
            file.write(parts["filedata"])
        note({"upload": path, "bytes": len(parts["filedata"])})
        return self.answer(200, json.dumps({"size": len(parts["filedata"])}), "json")


server = ThreadingHTTPServer(("127.0.0.1", configuration.get("port", 0)), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
