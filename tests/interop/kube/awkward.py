"""A reverse proxy between our client and a real API server that misbehaves on request.

    proxy = Awkward(server)                          answers at proxy.url, with a certificate of the server's authority
    proxy.fault("watch=true", cut_after=2000)        the next request whose line holds that text is cut after as many bytes
    proxy.fault("GET /api", status=429, headers={"Retry-After": "1"}, times=2)

A fault: status, headers, body   this answer, and the server is not asked
         delay                   seconds before anything is done
         cut_before              the connection is closed without an answer; `forward` says whether the server got the request
         cut_after               bytes of the body, and then the connection is closed
         end_after               events of a watch, and then an orderly end
         event                   a line sent at the start of a watch's body, and then an orderly end
"""
import http.client
import http.server
import json
import socket
import ssl
import threading
import time

HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


def gone(message="too old resource version: 1 (2)"):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": "Expired", "code": 410}


class Awkward:
    def __init__(self, server):
        self.server, self.faults, self.requests, self.lock = server, [], [], threading.Lock()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                try:
                    proxy.handle(self)
                except (OSError, http.client.HTTPException):  # either side went away
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(server.folder / "server.crt", server.folder / "server.key")
        self.http.socket = tls.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def fault(self, match="", times=1, **what):
        with self.lock:
            self.faults.append({"match": match, "times": times, **what})

    def reset(self):
        with self.lock:
            self.faults, self.requests = [], []

    def seen(self, match):
        with self.lock:
            return [line for line, _ in self.requests if match in line]

    def headers(self, match):
        with self.lock:
            return [headers for line, headers in self.requests if match in line]

    def take(self, line, headers):
        with self.lock:
            self.requests.append((line, headers))
            for fault in self.faults:
                if fault["match"] in line and fault["times"] > 0:
                    fault["times"] -= 1
                    return fault
        return {}

    def handle(self, client):
        line = f"{client.command} {client.path}"
        body = client.rfile.read(int(client.headers.get("Content-Length") or 0)) or None
        fault = self.take(line, dict(client.headers))
        time.sleep(fault.get("delay", 0))
        if "status" in fault:
            text = fault.get("body", "")
            text = (text if isinstance(text, str) else json.dumps(text)).encode()
            client.send_response(fault["status"])
            for name, value in fault.get("headers", {}).items():
                client.send_header(name, value)
            client.send_header("Content-Length", str(len(text)))
            client.end_headers()
            client.wfile.write(text)
            return
        if "cut_before" in fault and not fault.get("forward"):
            return self.cut(client)
        upstream = http.client.HTTPSConnection("127.0.0.1", self.server.port, context=ssl.create_default_context(
            cafile=str(self.server.folder / "ca.crt")), timeout=600)
        try:
            upstream.request(client.command, client.path, body, {n: v for n, v in client.headers.items() if n.lower() not in HOP})
            answer = upstream.getresponse()
            if "cut_before" in fault:
                return self.cut(client)
            client.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    client.send_header(name, value)
            client.send_header("Transfer-Encoding", "chunked")
            client.end_headers()
            self.carry(client, answer, fault)
        finally:
            upstream.close()

    def carry(self, client, answer, fault):
        sent = events = 0

        def chunk(data):
            client.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            client.wfile.flush()

        if "event" in fault:
            chunk(json.dumps(fault["event"]).encode() + b"\n")
            return client.wfile.write(b"0\r\n\r\n")
        while data := answer.read1(65536):
            if "cut_after" in fault and sent + len(data) >= fault["cut_after"]:
                chunk(data[:max(1, fault["cut_after"] - sent)])
                return self.cut(client)
            chunk(data)
            sent += len(data)
            events += data.count(b"\n")
            if events >= fault.get("end_after", 1 << 60):
                break
        client.wfile.write(b"0\r\n\r\n")

    @staticmethod
    def cut(client):
        client.close_connection = True
        client.connection.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


class Tunnel:
    """An HTTP proxy that knows CONNECT only, and counts."""

    def __init__(self):
        self.asked, self.listener = [], socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.asked.append(head.split(b"\r\n")[0].decode())
        host, port = head.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self.carry, args=(client, server), daemon=True).start()
        self.carry(server, client)

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.close()
