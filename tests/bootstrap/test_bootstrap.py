"""Runs the lighthouse's user-data for real, in a throw-away machine (machine.sh), with Debian's Nebula as the artefact.

Needs root, unshare, /dev/net/tun and the package nebula; says so and skips otherwise (with CI=true that is a failure).
Environment: MAKE_USER_DATA (the program), SCRATCH (a folder to write in).
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PHASES = ["system", "artefacts", "nebula-install", "keys", "certificate", "nebula-start", "mesh", "ready"]
CONFIG = """\
pki: {ca: /etc/nebula/ca.crt, cert: /etc/nebula/host.crt, key: /etc/nebula/host.key}
lighthouse: {am_lighthouse: true}
listen: {host: 0.0.0.0, port: 4242}
tun: {dev: nebula1, mtu: 1300}
firewall:
  outbound: [{port: any, proto: any, host: any}]
  inbound: [{port: any, proto: icmp, host: any}]
"""


def missing():
    if os.geteuid() != 0:
        return "not root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    for program in ("nebula", "nebula-cert", "unshare", "curl", "ip"):
        if not shutil.which(program):
            return f"{program} is not installed"
    if subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True).returncode:
        return "this machine gives no namespaces"
    return None


class Bootstrap(unittest.TestCase):
    def setUp(self):
        reason = missing()
        if reason and os.environ.get("CI") == "true":
            self.fail(f"the bootstrap cannot be run here: {reason}")
        if reason:
            self.skipTest(f"the bootstrap cannot be run here: {reason}")
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ.get("SCRATCH")))
        self.addCleanup(shutil.rmtree, self.folder)
        self.cert("ca", "-name", "talos-homelab-mesh", "-out-crt", "ca.crt", "-out-key", "ca.key")
        self.cert("ca", "-name", "workers", "-out-crt", "workers.crt", "-out-key", "workers.key")
        with open(self.folder / "ca.crt", "a") as both:
            both.write((self.folder / "workers.crt").read_text())
        (self.folder / "config.yml").write_text(CONFIG)
        release = self.folder / "mirror/slackhq/nebula/releases/download/v1.11.2"
        release.mkdir(parents=True)
        self.archive = release / "nebula-linux-amd64.tar.gz"
        with tarfile.open(self.archive, "w:gz", compresslevel=1) as tar:
            for name in ("nebula", "nebula-cert"):
                tar.add(shutil.which(name), arcname=name)
        self.sha256 = hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def cert(self, *arguments):
        subprocess.run(["nebula-cert", *arguments], cwd=self.folder, check=True, capture_output=True)

    def user_data(self, *identity, sha256=None):
        text = subprocess.run(
            [os.environ["MAKE_USER_DATA"], "ca.crt", "config.yml", f"file://{self.folder}/mirror", sha256 or self.sha256, *identity],
            cwd=self.folder, check=True, capture_output=True, text=True).stdout
        (self.folder / "user-data.sh").write_text(text)
        return text

    def machine(self, steps):
        """Runs the steps in a fresh machine; `run` is the bootstrap. The answer is everything they print."""
        script = self.folder / "steps.sh"
        script.write_text(f'cd {self.folder}\nrun() {{ bash {self.folder}/user-data.sh; }}\n' + steps)
        done = subprocess.run([HERE / "machine.sh", script], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def sign_embedded(self):
        self.cert("sign", "-ca-crt", "ca.crt", "-ca-key", "ca.key", "-name", "lighthouse", "-ip", "10.42.0.1/16",
                  "-groups", "lighthouse,infrastructure", "-out-crt", "host.crt", "-out-key", "host.key")

    def states(self, console):
        return [line.split(": ", 1)[1] for line in console.splitlines() if line.startswith("tombolo-bootstrap: phase=")]

    def test_embedded_keys_bring_the_mesh_up_in_one_run(self):
        self.sign_embedded()
        self.user_data("host.crt", "host.key")
        out = self.machine("""
run
cat /run/console
echo "--- proof"
ip -o address show dev nebula1
stat -c '%a %n' /etc/nebula/* /var/log/nebula-bootstrap.log
cat /var/lib/tombolo/bootstrap.done
grep -c 'BEGIN NEBULA CERTIFICATE' /etc/nebula/ca.crt
cat /run/systemctl.log
ss -uln | grep ':4242'
""")
        console, proof = out.split("--- proof")
        expected = [f"phase={p} state={s}" for p in PHASES for s in ("start", "ok")]
        self.assertEqual(self.states(console), expected)
        self.assertIn("10.42.0.1/16", proof)
        for line in ("600 /etc/nebula/host.key", "600 /etc/nebula/config.yml", "644 /var/log/nebula-bootstrap.log", "\n2\n",
                     "enable nebula.service"):
            self.assertIn(line, proof)

    def test_machine_keys_wait_for_the_certificate_and_go_on_when_it_comes(self):
        text = self.user_data()
        self.assertNotIn("PRIVATE KEY", text)
        out = self.machine("""
run
test ! -e /var/lib/tombolo/bootstrap.done
cat /run/console
echo "--- signed"
grep -A2 'BEGIN NEBULA' /run/console | sed 's/.*pub: //' >host.pub
key=$(sha256sum </etc/nebula/host.key)
nebula-cert sign -ca-crt ca.crt -ca-key ca.key -name lighthouse -ip 10.42.0.1/16 -in-pub host.pub -out-crt host.crt
install -m 0644 host.crt /etc/nebula/host.crt
: >/run/console
/usr/local/sbin/tombolo-bootstrap
cat /run/console
echo "--- again"
: >/run/console
/usr/local/sbin/tombolo-bootstrap
cat /run/console
echo "--- proof"
test "$key" = "$(sha256sum </etc/nebula/host.key)" && echo same key
ip -o address show dev nebula1
cat /run/systemctl.log
""")
        first, rest = out.split("--- signed")
        second, rest = rest.split("--- again")
        third, proof = rest.split("--- proof")
        self.assertEqual(self.states(first)[-2:], ["phase=certificate state=start",
                                                   "phase=certificate state=waiting file=/etc/nebula/host.crt"])
        self.assertEqual(self.states(second)[-1], "phase=ready state=ok")
        self.assertEqual(self.states(third)[-1], "phase=ready state=ok")
        self.assertIn("same key", proof)
        self.assertIn("10.42.0.1/16", proof)
        # The first start, and then only new certificates to be read: the tunnels stay.
        self.assertIn("restart nebula.service", proof)
        self.assertIn("reload nebula.service", proof.split("restart nebula.service")[1])
        self.assertEqual(proof.count("restart nebula.service"), 1)

    def test_a_changed_artefact_is_refused_and_the_failure_is_named(self):
        self.sign_embedded()
        self.user_data("host.crt", "host.key", sha256="0" * 64)
        out = self.machine("""
if run; then exit 9; fi
cat /run/console
echo "--- proof"
cat /var/lib/tombolo/bootstrap.failed
test ! -e /var/lib/tombolo/bootstrap.done
test ! -e /usr/local/bin/nebula
ls /var/lib/tombolo/artefacts
""")
        console, proof = out.split("--- proof")
        self.assertRegex(self.states(console)[-1], r"^phase=artefacts state=failed line=\d+ status=1$")
        self.assertIn(f"log: error: file://{self.folder}/mirror", console)
        self.assertIn(f"has SHA-256 {self.sha256}, expected {'0' * 64}: not used", proof)
        self.assertNotIn("nebula.tar.gz", proof.split("not used")[1])

    def test_a_certificate_of_a_stranger_is_refused(self):
        self.cert("ca", "-name", "stranger", "-out-crt", "s.crt", "-out-key", "s.key")
        self.cert("sign", "-ca-crt", "s.crt", "-ca-key", "s.key", "-name", "lighthouse", "-ip", "10.42.0.1/16",
                  "-out-crt", "host.crt", "-out-key", "host.key")
        self.user_data("host.crt", "host.key")
        out = self.machine("if run; then exit 9; fi\ncat /run/console\n")
        self.assertRegex(self.states(out)[-1], r"^phase=certificate state=failed line=\d+ status=\d+$")

    def test_a_run_after_a_failure_repairs(self):
        self.sign_embedded()
        self.user_data("host.crt", "host.key")
        out = self.machine(f"""
mv {self.archive} {self.archive}.away
sed 's/--retry 5/--retry 0/' user-data.sh >once.sh
if bash once.sh; then exit 9; fi
tail -n 3 /run/console
mv {self.archive}.away {self.archive}
run
test ! -e /var/lib/tombolo/bootstrap.failed
tail -n 1 /run/console
""")
        self.assertIn("log: curl: (37)", out)
        self.assertTrue(out.endswith("phase=ready state=ok\n"), out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
