"""A web server on the loopback for tests of remote mail servers.

start(handler, certificate=None) serves in threads until standard input is closed, and prints its URL.
`handler` is a function: request -> (status, type, content), or None: nothing is answered, or CLOSED: the
connection is closed instead.
"""

import http.server
import socketserver
import ssl
import sys
import threading


CLOSED = object()


class Request:
    def __init__(self, method, path, fields, content):
        self.method, self.path, self.fields, self.content = method, path, fields, content


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        """A client that went away is what some tests are about."""


def make_class(handler):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer: a second one would wait for the delayed acknowledgement
        disable_nagle_algorithm = True

        def answer(self):
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = handler(Request(self.command, self.path, self.headers, content))
            if answer is None:
                threading.Event().wait(60)
                self.close_connection = True
                return
            if answer is CLOSED:
                self.close_connection = True
                return
            status, kind, text = answer
            octets = text if isinstance(text, bytes) else text.encode()
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_GET = do_POST = answer

        def log_message(self, *args):
            pass

    return Handler


def start(handler, certificate=None):
    server = Server(("127.0.0.1", 0), make_class(handler))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


def plain(request):
    """Answers what the path says."""
    path = request.path
    if path == "/hang":
        return None
    if path == "/large":
        return 200, "text/plain", "x" * (5 << 20)
    if path == "/away":
        return 302, "text/plain", ""
    if path == "/refused":
        return 401, "text/plain", "no"
    fields = "".join(f"{name}={value}\n" for name, value in request.fields.items())
    return 200, "text/plain", f"{request.method} {path}\n{fields}\n{request.content.decode()}"


if __name__ == "__main__":
    start(plain, sys.argv[1] if len(sys.argv) > 1 else None)
