"""k3s: a stand-in for the k3s executable, for test worlds where k3s itself cannot be had. Not k3s, and no code of it.

    k3s server [OPTION]...     k3s agent [OPTION]...     k3s kubectl ...     k3s ctr ...     k3s --version

It has k3s's command line, configuration files, paths, tokens, port 6443 with the supervisor's pages, and readiness
protocol, and runs upstream's programs behind them: etcd, kube-apiserver, kube-controller-manager, kube-scheduler,
kubelet, kube-proxy, kubectl from $K3S_PROGRAMS/bin (default /opt/peers/bin), and the system's containerd, runc, CNI
plugins, iptables, openssl. Python 3.9, standard library only. Runs where control groups are version 1 and root
lacks CAP_SYS_RESOURCE.

As in k3s: /etc/rancher/k3s/config.yaml, then config.yaml.d/*.yaml, then the command line; an unknown option is an error
(k3s itself only warns about unknown keys in a server's files); CA files already in server/tls are used; tokens
K10<sha256 of server-ca.crt>::server:<secret> (of a chain: of its root); /ping and /cacerts without credentials, 401 for
the rest; agents join with GET /cacerts, basic auth on /v1-k3s/*, node passwords; k3s.yaml; server/manifests applied again
when changed; agent/images imported; kubelet drop-ins in agent/etc/kubelet.conf.d; flannel's vxlan device, subnet.env and
MTU; READY=1 for a server when its API answers, for an agent when it has joined.

Different: etcd instead of SQLite, one server only; separate processes (logs in <data-dir>/log); no CoreDNS, Traefik,
ServiceLB, metrics-server, local-path, network policies, Helm controller (a HelmChart manifest fails), cloud controller
(no ExternalIP); the API calls kubelets at node-ip:10250 itself instead of through an agent's tunnel; agents use the
given server address, without the balancer on 6444; containerd is the system's (1.6, configuration version 2); SIGTERM
stops the containers too, as k3s-killall.sh does; no bootstrap tokens; a client certificate of a foreign CA fails the
TLS handshake instead of getting 401. $K3S_PROGRAMS/images/*.tar are imported too, as if they were part of the program.
"""
import os
import signal
import sys
import time

from agent import Agent
from base import CTR, ETC, PROGRAMS, VERSION, fatal
from options import AGENT, SERVER
from programs import notify, stop_containers
from server import Server


def supervise(kind, argv):
    def end(*_):
        raise SystemExit(0)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    os.environ["PATH"] = f"{PROGRAMS}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    it = kind(argv)
    try:
        it.run()
        while True:
            it.programs.check()
            time.sleep(0.5)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        notify("STOPPING=1")
        it.programs.stop()
        stop_containers()
        os._exit(1 if isinstance(sys.exc_info()[1], SystemExit) and sys.exc_info()[1].code else 0)


def main():
    called, argv = os.path.basename(sys.argv[0]), sys.argv[1:]
    if called in ("kubectl", "ctr", "crictl"):
        argv = [called, *argv]
    verb, rest = (argv[0], argv[1:]) if argv else ("", [])
    if verb == "kubectl":
        os.environ.setdefault("KUBECONFIG", str(ETC / "k3s/k3s.yaml"))
        os.execv(PROGRAMS / "bin/kubectl", ["kubectl", *rest])
    if verb == "ctr":
        os.execvp("ctr", [*CTR, *rest])
    if verb in ("--version", "-v"):
        print(f"k3s version {VERSION} (stand-in)\ngo version go1.26")
    elif verb in ("server", "agent"):
        if "--help" in rest or "-h" in rest:
            print(f"k3s {verb}: a stand-in; options:\n  --" + "\n  --".join(sorted(SERVER if verb == "server" else AGENT)))
            return
        if os.geteuid():
            fatal("must run as root unless --rootless is specified")
        supervise(Server if verb == "server" else Agent, rest)
    else:
        print(__doc__ if verb in ("", "--help", "-h", "help") else f'No help topic for \'{verb}\'')
        sys.exit(verb not in ("", "--help", "-h", "help"))


if __name__ == "__main__":
    main()
