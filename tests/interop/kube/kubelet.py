"""A stand-in for the kubelet behind a real kube-apiserver: one node and one pod whose log, commands and ports it serves.

It speaks what a kubelet's streaming server speaks over WebSocket (v4.channel.k8s.io, and v5 where asked), and nothing else: a real
kubelet needs root, containerd and cgroups. Commands are real processes of this computer.
"""
import base64
import hashlib
import http.server
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse


class Socket:
    """The server's side of RFC 6455, as little as is needed."""

    def __init__(self, handler, protocol):
        self.handler, self.protocol, self.lock = handler, protocol, threading.Lock()
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        handler.send_header("Sec-WebSocket-Protocol", protocol)
        handler.end_headers()

    def send(self, data, opcode=2):
        size = len(data)
        head = bytes([0x80 | opcode]) + (bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size) if size < 65536 else
                                         b"\x7f" + struct.pack(">Q", size))
        with self.lock:
            self.handler.wfile.write(head + data)
            self.handler.wfile.flush()

    def receive(self):
        """(opcode, data); opcode 8 at the end."""
        read = self.handler.rfile.read
        head = read(2)
        if len(head) < 2:
            return 8, b""
        assert head[0] & 0x80 and head[1] & 0x80, "a fragment, or a client that does not mask"
        size = head[1] & 0x7f
        if size > 125:
            size = struct.unpack(">H" if size == 126 else ">Q", read(2 if size == 126 else 8))[0]
        mask, data = read(4), read(size)
        whole = int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        return head[0] & 15, whole.to_bytes(size, "big")


class Kubelet:
    NODE = "stand-in"

    def __init__(self, server, space, pod="p"):
        self.protocols, self.pings = ["v4.channel.k8s.io"], []
        kubelet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(url.query)
                what = url.path.split("/")[1]
                self.close_connection = True
                try:
                    if what == "containerLogs":
                        return kubelet.log(self, "follow" in query)
                    wanted = [p.strip() for p in self.headers["Sec-WebSocket-Protocol"].split(",")]
                    spoken = kubelet.protocols if what == "exec" else ["v4.channel.k8s.io"]
                    socket_ = Socket(self, next(p for p in spoken if p in wanted))
                    (kubelet.exec if what == "exec" else kubelet.port_forward)(socket_, query)
                except OSError:
                    pass

            do_POST = do_GET

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(server.folder / "server.crt", server.folder / "server.key")
        self.http.socket = tls.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        self.register(server, space, pod)

    def register(self, server, space, pod):
        server.request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.NODE}})
        server.request("PATCH", f"/api/v1/nodes/{self.NODE}/status", {"status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.http.server_port}}}}, "application/merge-patch+json")
        server.request("POST", f"/api/v1/namespaces/{space}/pods", {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod},
            "spec": {"nodeName": self.NODE, "containers": [{"name": "c", "image": "i"}]}})
        server.request("PATCH", f"/api/v1/namespaces/{space}/pods/{pod}/status", {"status": {"phase": "Running"}}, "application/merge-patch+json")

    def log(self, handler, follow):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for line in ["Handshake message received", "interface is active", "no line feed"]:
            text = line.encode() + (b"" if line.startswith("no") else b"\n")
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            handler.wfile.flush()
            time.sleep(0.2 if follow else 0)
        handler.wfile.write(b"0\r\n\r\n")

    def exec(self, ws, query):
        process = subprocess.Popen(query["command"], stdin=subprocess.PIPE if "stdin" in query or "input" in query else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ws.send(b"are you there", 9)

        def carry():
            while True:
                opcode, data = ws.receive()
                if opcode == 8:
                    return process.kill()
                if opcode == 10:
                    self.pings.append(data)
                elif data[:1] == b"\xff":
                    process.stdin.close()
                elif data[:1] == b"\0" and process.stdin:
                    process.stdin.write(data[1:])
                    process.stdin.flush()

        threading.Thread(target=carry, daemon=True).start()
        open_ends = {process.stdout: 1, process.stderr: 2}
        while open_ends:
            for end in select.select(list(open_ends), [], [])[0]:
                data = os.read(end.fileno(), 65536)
                if data:
                    ws.send(bytes([open_ends[end]]) + data)
                else:
                    del open_ends[end]
        status = process.wait()
        ws.send(b"\3" + json.dumps({"metadata": {}, "status": "Success"} if status == 0 else {  # no kind: as a kubelet writes it
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "message": f"command terminated with non-zero exit code: {status}",
            "details": {"causes": [{"reason": "ExitCode", "message": str(status)}]}}).encode())
        ws.send(struct.pack(">H", 1000), 8)
        time.sleep(0.1)  # for the answer, as a kubelet waits, too

    def port_forward(self, ws, query):
        port = int((query.get("ports") or query["port"])[0])
        for channel in (0, 1):
            ws.send(bytes([channel]) + struct.pack("<H", port))
        try:
            there = socket.create_connection(("127.0.0.1", port))
        except OSError as e:
            ws.send(b"\1" + f"error forwarding port {port}: {e}".encode())
            ws.send(struct.pack(">H", 1000), 8)
            return ws.receive()

        def carry():
            while (got := ws.receive())[0] != 8:
                there.sendall(got[1][1:])
            there.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=carry, daemon=True).start()
        while data := there.recv(65536):
            ws.send(b"\0" + data)
        ws.send(struct.pack(">H", 1000), 8)
        time.sleep(0.1)

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
