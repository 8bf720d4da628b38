"""k3s's command line and configuration files: what is known, and what is given."""
import json
import os
import re
import sys
from pathlib import Path

from base import ETC, fatal, run

COMMON = {**dict.fromkeys("data-dir token token-file node-name flannel-iface resolv-conf log vmodule v snapshotter "
                          "default-runtime private-registry pause-image".split(), "value"),
          **dict.fromkeys("node-ip node-external-ip node-label node-taint kubelet-arg kube-proxy-arg".split(), "list"),
          **dict.fromkeys("with-node-id selinux prefer-bundled-bin debug protect-kernel-defaults".split(), "switch")}
SERVER = {**COMMON,
          **dict.fromkeys("bind-address https-listen-port advertise-address advertise-port cluster-domain flannel-backend "
                          "write-kubeconfig write-kubeconfig-mode agent-token agent-token-file egress-selector-mode "
                          "service-node-port-range".split(), "value"),
          **dict.fromkeys("tls-san cluster-cidr service-cidr cluster-dns disable kube-apiserver-arg "
                          "kube-controller-manager-arg kube-scheduler-arg etcd-arg".split(), "list"),
          **dict.fromkeys("secrets-encryption disable-cloud-controller disable-network-policy disable-helm-controller "
                          "disable-kube-proxy cluster-init embedded-registry tls-san-security".split(), "switch")}
AGENT = {**COMMON, "server": "value"}


def scalar(text):
    text = text.strip()
    if text[:1] == '"':
        return json.loads(text)
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    return text


def read_yaml(path):
    """[(key, [values])] of the YAML that such files consist of: scalars and lists of scalars."""
    found = []
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = re.sub(r"""^((?:[^"'#]|"[^"]*"|'[^']*')*?)(^|\s)#.*$""", r"\1", raw).rstrip()
        item, pair = re.match(r"\s*-\s+(.*)$", line), re.match(r"([A-Za-z0-9-]+\+?):(?:\s+(.*))?$", line)
        if not line.strip() or line.strip() == "---":
            continue
        if item and found:
            found[-1][1].append(scalar(item[1]))
        elif pair:
            value = (pair[2] or "").strip()
            flow = re.fullmatch(r"\[(.*)\]", value)
            words = [w for w in re.split(r",\s*", flow[1]) if w.strip()] if flow else [value] if value else []
            found.append((pair[1], [scalar(w) for w in words]))
        else:
            fatal(f"{path}: line {number}: not understood: {raw}")
    return found


def options(known, argv):
    main = Path(os.environ.get("K3S_CONFIG_FILE", ETC / "k3s/config.yaml"))
    files = [main] if main.exists() else []
    files += sorted(p for p in Path(f"{main}.d").glob("*") if p.suffix in (".yaml", ".yml"))
    got = {}
    for key, values in (kv for f in files for kv in read_yaml(f)):
        name = key.rstrip("+")
        got[name] = got.get(name, []) + values if key.endswith("+") else values
    given, i = {}, 0
    while i < len(argv):
        m = re.match(r"--?([A-Za-z0-9][A-Za-z0-9-]*)(?:=(.*))?$", argv[i], re.S)
        if not m:
            fatal(f"unexpected argument: {argv[i]}")
        name, value = {"t": "token", "s": "server", "d": "data-dir", "c": "config"}.get(m[1], m[1]), m[2]
        if value is None and known.get(name) == "switch":
            value = "true"
        elif value is None:
            i += 1
            if i == len(argv):
                fatal(f"flag needs an argument: -{name}")
            value = argv[i]
        given.setdefault(name, []).append(value)
        i += 1
    got.update(given)
    for name, env in (("token", "K3S_TOKEN"), ("server", "K3S_URL"), ("node-name", "K3S_NODE_NAME"),
                      ("write-kubeconfig-mode", "K3S_KUBECONFIG_MODE")):
        if env in os.environ and name in known:
            got.setdefault(name, [os.environ[env]])
    result = {}
    for name, kind in known.items():
        values = [str(v) for v in got.pop(name, [])]
        if kind == "list":
            result[name] = [w for v in values for w in (v.split(",") if "arg" not in name else [v])]
        elif kind == "switch":
            result[name] = bool(values) and values[-1].lower() == "true"
        else:
            result[name] = values[-1] if values else ""
    if got:
        print("Incorrect Usage: flag provided but not defined: -" + sorted(got)[0] + "\n", file=sys.stderr)
        fatal(f"flag provided but not defined: -{sorted(got)[0]}")
    return result


def address_of(iface):
    """The first global IPv4 address of a device, and its MTU; the device of the default route when none is named."""
    if not iface:
        words = run("ip", "-4", "route", "show", "default").stdout.split()
        iface = words[words.index("dev") + 1] if "dev" in words else "lo"
    done = run("ip", "-j", "addr", "show", "dev", iface, check=False)
    if done.returncode:
        fatal(f"unable to find interface {iface}: route ip+net: no such network interface")
    link = json.loads(done.stdout)[0]
    for a in link["addr_info"]:
        if a["family"] == "inet" and a["scope"] == "global":
            return iface, a["local"], link["mtu"]
    fatal(f"failed to find IPv4 address for interface {iface}")
