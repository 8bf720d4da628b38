#!/usr/bin/env python3
"""The baseline: a lighthouse and a home on one mesh by the recipe's own means, one step after the other, and timed.

    recipe.py [LOG]    in a world of its own; prints one line of JSON: the seconds of each phase, of "up" until the
                       lighthouse's ping comes back from home, of "down", and how much of it the loops slept

nebula-cert, aws CLI and its waiters (which look every 15 seconds), user-data with the certificates and the private key in
it, ssh, and loops that sleep a fixed time between looks, at the operator's desk. In place of the recipe's DaemonSet a stock
Nebula runs at home. The recipe names no sleeps but the CLI's: those of SLEEP are ours, and what people write.
A test that compares calls Recipe(world, folder).carry_out(), so that both run in the same world.
"""
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile
import time

import world as worlds

SLEEP = {"ssh": 5, "cloud-init": 10, "k3s": 10, "liqo": 10, "node": 5, "ping": 5}
LIMIT = 300

USER_DATA = """#!/bin/bash
set -euxo pipefail
exec > /var/log/nebula-bootstrap.log 2>&1
curl -fsSL https://github.com/{archive} | tar xz -C /usr/local/bin
mkdir -p /etc/nebula
cat > /etc/nebula/ca.crt <<'EOT'
{authority}EOT
cat > /etc/nebula/host.crt <<'EOT'
{certificate}EOT
cat > /etc/nebula/host.key <<'EOT'
{key}EOT
chmod 600 /etc/nebula/host.key
cat > /etc/nebula/config.yml <<'EOT'
{config}
EOT
cat > /etc/systemd/system/nebula.service <<'EOT'
[Unit]
Wants=network-online.target
After=network-online.target
Before=sshd.service
[Service]
ExecStart=/usr/local/bin/nebula -config /etc/nebula/config.yml
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
[Install]
WantedBy=multi-user.target
EOT
systemctl daemon-reload
systemctl enable --now nebula
for i in $(seq 30); do ip addr show nebula1 | grep -q 10.42.0.1 && break; sleep 1; done
touch /var/log/nebula-bootstrap.done
"""


def nebula_config(folder, lighthouse=None):
    """Of the lighthouse itself (None), or of a member whose lighthouse has that address."""
    anything = [{"port": "any", "proto": "any", "host": "any"}]
    return json.dumps({
        "pki": {"ca": f"{folder}/ca.crt", "cert": f"{folder}/host.crt", "key": f"{folder}/host.key"},
        "static_host_map": {"10.42.0.1": [f"{lighthouse}:4242"]} if lighthouse else {},
        "lighthouse": {"am_lighthouse": not lighthouse, "interval": 60, "hosts": ["10.42.0.1"] if lighthouse else []},
        "listen": {"host": "0.0.0.0", "port": 0 if lighthouse else 4242}, "punchy": {"punch": True},
        "tun": {"dev": "nebula1", "mtu": 1300}, "firewall": {"outbound": anything, "inbound": anything}}, indent=1)


class Recipe:
    """In a world, in an empty folder at the desk; what it says goes to the log."""

    def __init__(self, world, folder, log=sys.stderr):
        self.world, self.folder, self.log = world, pathlib.Path(folder), log
        self.phases, self.slept, self.ids = {}, 0, {}

    def sh(self, script, check=True):
        """A piece of the recipe; what it prints. Without `check`: whether it succeeds."""
        print(f"$ {script.strip()}", file=self.log, flush=True)
        done = self.world.desk("bash", "-euo", "pipefail", "-c", script, cwd=self.folder, check=False, timeout=LIMIT)
        print(done.stdout, done.stderr, sep="", end="", file=self.log, flush=True)
        if check and done.returncode:
            raise RuntimeError(f"the recipe stops: {script.strip()}\n{done.stderr}")
        return done.stdout.strip() if check else done.returncode == 0

    def until(self, what, script):
        """until SCRIPT; do sleep N; done"""
        end = time.monotonic() + LIMIT
        while not self.sh(script, check=False):
            if time.monotonic() > end:
                raise RuntimeError(f"the recipe waits for {what} in vain: {script}")
            time.sleep(SLEEP[what])
            self.slept += SLEEP[what]

    @contextlib.contextmanager
    def phase(self, name):
        begun = time.monotonic()
        print(f"=== {name}", file=self.log, flush=True)
        yield
        self.phases[name] = round(time.monotonic() - begun, 1)

    def user_data(self):
        read = lambda name: (self.folder / ".nebula-ca" / name).read_text()  # noqa: E731
        return USER_DATA.format(archive=worlds.archive_path(worlds.NEW), authority=read("ca.crt"), config=nebula_config("/etc/nebula"),
                                certificate=read("lighthouse.crt"), key=read("lighthouse.key"))

    def home_folder(self, address, path=None):
        """Home's Nebula files, which will be read at `path`."""
        home = self.folder / "home"
        home.mkdir()
        for name, source in ("ca.crt", "ca.crt"), ("host.crt", "talos-homelab.crt"), ("host.key", "talos-homelab.key"):
            shutil.copy(self.folder / ".nebula-ca" / source, home / name)
        (home / "config.yml").write_text(nebula_config(path or home, address))
        return home

    def up(self):
        sh, ids = self.sh, self.ids
        with self.phase("certificates"):
            sh("""mkdir .nebula-ca; cd .nebula-ca
                  nebula-cert ca -name talos-homelab-mesh -duration 87600h
                  nebula-cert sign -name lighthouse -ip 10.42.0.1/16 -groups lighthouse,infrastructure
                  nebula-cert sign -name talos-homelab -ip 10.42.1.1/16 -groups kubernetes,homelab""")
        with self.phase("security group, key pair, image, user-data"):
            vpc = sh("aws ec2 describe-vpcs --filters Name=isDefault,Values=true --query 'Vpcs[0].VpcId' --output text")
            ids["group"] = sh("aws ec2 create-security-group --group-name nebula-lighthouse --description "
                              f"'Nebula Lighthouse - UDP 4242, SSH' --vpc-id {vpc} --query GroupId --output text")
            for protocol, port in ("udp", 4242), ("tcp", 22):
                sh(f"aws ec2 authorize-security-group-ingress --group-id {ids['group']} --protocol {protocol} --port {port} "
                   "--cidr 0.0.0.0/0")
            sh("""aws ec2 create-key-pair --key-name hybrid-llm-key --key-type rsa --key-format pem --query KeyMaterial \
                    --output text > hybrid-llm-key.pem; chmod 600 hybrid-llm-key.pem""")
            ids["key"] = "hybrid-llm-key"
            image = sh("""aws ec2 describe-images --owners amazon --filters 'Name=name,Values=al2023-ami-2023*-x86_64' \
                            Name=state,Values=available --query 'Images | sort_by(@, &CreationDate) | [-1].ImageId' --output text""")
            (self.folder / "userdata.sh").write_text(self.user_data())
        with self.phase("instance running"):
            ids["instance"] = sh(f"""aws ec2 run-instances --image-id {image} --instance-type t3.small --key-name hybrid-llm-key \
                --security-group-ids {ids['group']} --user-data file://userdata.sh --query 'Instances[0].InstanceId' --output text \
                --tag-specifications 'ResourceType=instance,Tags=[{{Key=Name,Value=nebula-lighthouse}}]'""")
            sh(f"aws ec2 wait instance-running --instance-ids {ids['instance']}")
        with self.phase("elastic address"):
            made = json.loads(sh("""aws ec2 allocate-address --domain vpc --output json --tag-specifications \
                                      'ResourceType=elastic-ip,Tags=[{Key=Name,Value=nebula-lighthouse}]'"""))
            ids["address"] = made["AllocationId"]
            sh(f"aws ec2 associate-address --instance-id {ids['instance']} --allocation-id {ids['address']}")
        self.remote = ("ssh -F none -i hybrid-llm-key.pem -o StrictHostKeyChecking=no -o UserKnownHostsFile=known_hosts "
                       f"-o ConnectTimeout=5 -o LogLevel=ERROR ec2-user@{made['PublicIp']}")
        with self.phase("ssh answers"):
            self.until("ssh", f"{self.remote} true")
        with self.phase("cloud-init done"):
            self.until("cloud-init", f"{self.remote} test -f /var/log/nebula-bootstrap.done")
        self.join_home(made["PublicIp"])

    def join_home(self, address):
        with self.phase("Nebula at home"):
            self.world.home.start_nebula(self.home_folder(address))
        with self.phase("lighthouse pings home"):
            self.until("ping", f"{self.remote} ping -c 3 10.42.1.1")

    def leave_home(self):
        self.world.home.stop_nebula()

    def down(self):
        """What there is of it, so also after half a recipe."""
        sh, ids = self.sh, self.ids
        self.leave_home()
        with self.phase("down: instance terminated"):
            if "instance" in ids:
                sh(f"aws ec2 terminate-instances --instance-ids {ids['instance']}")
                sh(f"aws ec2 wait instance-terminated --instance-ids {ids['instance']}")
        with self.phase("down: address, security group, key pair"):
            if "address" in ids:
                sh(f"aws ec2 release-address --allocation-id {ids['address']}")
            if "group" in ids:
                sh(f"aws ec2 delete-security-group --group-id {ids['group']}")
            if "key" in ids:
                sh(f"aws ec2 delete-key-pair --key-name {ids['key']}")

    def carry_out(self):
        """Up and down; the figures."""
        begun = time.monotonic()
        try:
            self.up()
            there = time.monotonic()
        finally:
            going = time.monotonic()
            self.down()
        return {"phases": self.phases, "up_s": round(there - begun, 1), "down_s": round(time.monotonic() - going, 1),
                "slept_in_loops_s": self.slept}


def main():
    if reason := worlds.missing():
        sys.exit(f"recipe.py: it cannot be carried out here: {reason}")
    with tempfile.TemporaryDirectory(prefix="tombolo-recipe.") as folder, contextlib.ExitStack() as ends:
        log = ends.enter_context(open(sys.argv[1], "w")) if sys.argv[1:] else sys.stderr
        world = worlds.World(f"{folder}/world")
        ends.callback(world.stop)
        desk = pathlib.Path(folder) / "desk"
        desk.mkdir()
        print(json.dumps(Recipe(world, desk, log).carry_out()))


if __name__ == "__main__":
    main()
