"""The API of Kubernetes, as much of it as is needed here."""
import http.client
import json
import ssl


class Api:
    """The API of Kubernetes with one client certificate."""

    def __init__(self, host, port, ca, cert, key):
        self.host, self.port = host, port
        self.tls = ssl.create_default_context(cafile=ca)
        self.tls.load_cert_chain(cert, key)

    def __call__(self, method, path, body=None, kind="application/json"):
        link = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=20)
        try:
            link.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind})
            answer = link.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text[:1] == "{" else text
        finally:
            link.close()

    def put(self, collection, thing):
        """Made, or replaced when it is there."""
        status, answer = self("POST", collection, thing)
        if status == 409:
            status, answer = self("PATCH", f"{collection}/{thing['metadata']['name']}", thing, "application/merge-patch+json")
        if status >= 300:
            raise RuntimeError(f"{collection}: {answer}")
