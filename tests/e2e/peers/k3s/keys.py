"""The CAs (given or made), what they sign, and kubeconfigs."""
import base64
import hashlib
import re
import secrets
import ssl
import time
from pathlib import Path

from base import private, run


def extensions(path, cn, orgs, sans, ca):
    lines = ["[req]", "distinguished_name=dn", "x509_extensions=ext", "prompt=no", "[dn]",
             *[f"{n}.O={o}" for n, o in enumerate(orgs)], f"CN={cn}", "[ext]", "subjectKeyIdentifier=hash"]
    if ca:
        lines += ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign"]
    else:
        lines += ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature,keyEncipherment",
                  "extendedKeyUsage=" + ("serverAuth" if sans else "clientAuth")]
    names = {("IP:" if re.fullmatch(r"[0-9.]+|[0-9a-f]*:[0-9a-f:.]*", s) else "DNS:") + s: 0 for s in sans}
    path.write_text("\n".join(lines + (["subjectAltName=" + ",".join(names)] if names else [])) + "\n")
    return path


class Keys:
    """server/tls: the CAs (given or made), and what they sign."""

    def __init__(self, directory):
        self.dir = directory
        for d in directory.parent, directory:
            d.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in "server-ca", "client-ca", "request-header-ca":
            if not (directory / f"{name}.crt").exists():
                self.make(name, f"k3s-{name}@{int(time.time())}")
        if not (directory / "service.key").exists():
            run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", directory / "service.key")

    def openssl(self, config, out, ca, days, *more, **kw):
        signer = ["-CA", self.dir / f"{ca}.crt", "-CAkey", self.dir / f"{ca}.key"] if ca else []
        run("openssl", "req", "-x509", "-config", config, "-days", days, "-out", out, *signer, *more, **kw)

    def make(self, name, cn, orgs=(), sans=(), ca=None):
        if ca and (self.dir / f"{name}.crt").exists() and not sans:
            return
        config = extensions(self.dir / f"{name}.cnf", cn, orgs, sans, not ca)
        self.openssl(config, self.dir / f"{name}.crt", ca, 365 if ca else 3650, "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.dir / f"{name}.key")
        config.unlink()

    def sign(self, request, cn, orgs, sans):
        """A certificate for somebody else's key."""
        stem = self.dir / secrets.token_hex(8)
        config, csr, crt = extensions(Path(f"{stem}.cnf"), cn, orgs, sans, False), Path(f"{stem}.csr"), Path(f"{stem}.crt")
        try:
            csr.write_text(request)
            subject = "".join(f"/O={o}" for o in orgs) + f"/CN={cn}"
            self.openssl(config, crt, "server-ca" if sans else "client-ca", 365, "-in", csr, "-subj", subject)
            return crt.read_text()
        finally:
            for p in config, csr, crt:
                p.unlink(missing_ok=True)


def ca_hash(pem):
    """Of the bytes as they are served; of the root alone, as DER, where there are several certificates."""
    all_of_them = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.S)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(all_of_them[-1]) if len(all_of_them) > 1 else pem.encode()).hexdigest()


def kubeconfig(path, server, ca, cert, key, embed=False):
    def ref(name, p):
        return {name + "-data": base64.b64encode(p.read_bytes()).decode()} if embed else {name: str(p)}
    b64 = {"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "default",
           "clusters": [{"name": "default", "cluster": {"server": server, **ref("certificate-authority", ca)}}],
           "users": [{"name": "default", "user": {**ref("client-certificate", cert), **ref("client-key", key)}}],
           "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}]}

    def lines(v, indent):  # block YAML, which people edit with sed
        for k, x in v.items():
            if isinstance(x, list):
                yield f"{indent}{k}:"
                for e in x:
                    inner = list(lines(e, indent + "  "))
                    yield indent + "- " + inner[0].strip()
                    yield from inner[1:]
            elif isinstance(x, dict):
                yield f"{indent}{k}:" + ("" if x else " {}")
                yield from lines(x, indent + "  ")
            else:
                yield f"{indent}{k}: {x}"
    return private(path, "\n".join(lines(b64, "")) + "\n")
