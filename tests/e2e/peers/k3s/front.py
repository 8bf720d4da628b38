"""Port 6443: the supervisor's own pages; all else goes to kube-apiserver."""
import asyncio
import http.client
import ssl
import threading

from base import API_PORT


class Front:
    """Port 6443: the supervisor's own pages; everything else to kube-apiserver, with the client certificate's name."""

    def __init__(self, server, bind, port):
        self.server = server
        tls = server.keys.dir
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls / "client-ca.crt")
        self.tls.verify_mode = ssl.CERT_OPTIONAL
        self.tls.load_cert_chain(tls / "serving-kube-apiserver.crt", tls / "serving-kube-apiserver.key")
        self.tls.set_alpn_protocols(["http/1.1"])
        self.inner = ssl.create_default_context(cafile=tls / "server-ca.crt")
        self.inner.load_cert_chain(tls / "client-auth-proxy.crt", tls / "client-auth-proxy.key")
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # clients that went away
        opened = asyncio.start_server(self.serve, bind, port, ssl=self.tls, limit=1 << 20, backlog=256)
        self.loop.run_until_complete(opened)
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def serve(self, reader, writer):
        back = None
        try:
            identity = self.identity(writer.get_extra_info("peercert"))
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
                method, path, _ = first.split(" ", 2)
                headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
                if path.split("?")[0] in ("/ping", "/cacerts") or path.startswith("/v1-k3s/"):
                    body = await reader.readexactly(int(headers.get("content-length", 0)))
                    status, text = await asyncio.to_thread(self.server.page, method, path, headers, body.decode())
                    reason = http.client.responses.get(status, "")
                    writer.write(f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: "
                                 f"{len(text.encode())}\r\n\r\n{text}".encode())
                    await writer.drain()
                    continue
                if not back:
                    try:
                        back = await asyncio.open_connection("127.0.0.1", API_PORT, ssl=self.inner, limit=1 << 20)
                    except OSError:
                        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n"
                                     b"Connection: close\r\n\r\nstarting\n")
                        return
                    pump = asyncio.ensure_future(self.pump(back[0], writer))
                lines = [line for line in lines if not line.lower().startswith("x-remote-")]
                back[1].write("\r\n".join([first, *lines, *identity, "", ""]).encode("latin-1"))
                if "upgrade" in headers:
                    await asyncio.gather(pump, self.pump(reader, back[1]))
                    return
                await self.body(reader, back[1], headers)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # the client went away
            pass
        finally:
            for w in [writer] + ([back[1]] if back else []):
                w.close()

    @staticmethod
    def identity(cert):
        lines = []
        for key, value in (pair for rdn in (cert or {}).get("subject", ()) for pair in rdn):
            if key == "commonName":
                lines.append(f"X-Remote-User: {value}")
            elif key == "organizationName":
                lines.append(f"X-Remote-Group: {value}")
        return lines

    @staticmethod
    async def body(reader, writer, headers):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while True:
                line = await reader.readline()
                chunk = await reader.readexactly(int(line.split(b";")[0], 16) + 2)
                writer.write(line + chunk)
                await writer.drain()
                if len(chunk) == 2:
                    return
        left = int(headers.get("content-length", 0))
        while left:
            data = await reader.read(min(left, 65536))
            if not data:
                raise OSError("client gone")
            left -= len(data)
            writer.write(data)
            await writer.drain()

    @staticmethod
    async def pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
