"""What all parts share: places, logging in k3s's format, running other programs."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

VERSION = "v1.35.4+k3s1"
PROGRAMS = Path(os.environ.get("K3S_PROGRAMS", "/opt/peers"))
ETC, RUN = Path("/etc/rancher"), Path("/run/k3s")
SOCKET = RUN / "containerd/containerd.sock"
API_PORT = 6444  # kube-apiserver itself, on loopback; the supervisor's front is 6443
CTR = ["ctr", "--address", str(SOCKET), "--namespace", "k8s.io"]


def log(level, text):
    print(f'time="{time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}" level={level} msg={json.dumps(text)}',
          file=sys.stderr, flush=True)


def fatal(text):
    log("fatal", text)
    sys.exit(1)


def run(*argv, check=True, **kw):
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stderr.strip()}")
    return done


def private(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)
    return path
