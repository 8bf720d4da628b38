"""Nebula's own programs: Debian's 1.6.1 when it is installed, 1.9.5 and 1.11.1 built once from Go modules into the user's cache."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import nebula_build  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3]))
PROGRAM = os.environ.get("TOMBOLO", str(SOURCE / "build/release/tombolo"))
BUILT = ("1.9.5", "1.11.1")
asked = {"nebula": 0, "tombolo": 0}  # how often which program was run, for the summary


def build(version):
    try:
        return nebula_build.build(version)
    except nebula_build.NotHere as reason:
        pytest.skip(str(reason))


class Nebula:
    """One version of Nebula's two programs. A command that must fail says so with fails=True."""

    def __init__(self, version, folder):
        self.version, self.folder = version, pathlib.Path(folder)
        self.number = tuple(map(int, version.split(".")))
        self.has_v2 = self.number >= (1, 10)
        self.has_p256 = self.number >= (1, 7)

    def run(self, program, *words, fails=False, **options):
        asked["nebula"] += 1
        done = subprocess.run([self.folder / program, *map(str, words)], capture_output=True, text=True, timeout=120,
                              **{"stdin": subprocess.DEVNULL, **options})
        assert (done.returncode != 0) == fails, f"{program} {self.version} {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def cert(self, *words, **options):
        return self.run("nebula-cert", *words, **options)

    def version_flag(self, wanted):
        """What makes this nebula-cert write that version; None when it cannot."""
        if self.has_v2:
            return ["-version", str(wanted)]
        return [] if wanted == 1 else None

    def printed(self, path):
        """The certificate as this version prints it, in the names of 1.10 and newer."""
        value = json.loads(self.cert("print", "-json", "-path", path).splitlines()[0])
        value = value[0] if isinstance(value, list) else value
        details = value["details"]
        return {"name": details["name"], "networks": details.get("networks", details.get("ips")) or [],
                "unsafeNetworks": details.get("unsafeNetworks", details.get("subnets")) or [], "groups": details["groups"] or [],
                "isCa": details["isCa"], "issuer": details["issuer"], "notBefore": details["notBefore"], "notAfter": details["notAfter"],
                "publicKey": value.get("publicKey") or details["publicKey"], "fingerprint": value["fingerprint"]}


def system_nebula():
    program = shutil.which("nebula-cert")
    if not program:
        return None
    found = re.search(r"\d+\.\d+\.\d+", subprocess.run([program, "-version"], capture_output=True, text=True).stdout)
    return Nebula(found.group(), pathlib.Path(program).parent) if found else None


@pytest.fixture(params=["system", *BUILT], scope="session")
def nebula(request):
    if request.param != "system":
        return Nebula(request.param, build(request.param))
    found = system_nebula()
    if not found or found.number >= (1, 9):
        pytest.skip("Debian's nebula 1.6.1 is used where the machine has it")
    return found


@pytest.fixture(scope="session")
def newest():
    return Nebula(BUILT[-1], build(BUILT[-1]))


class Tombolo:
    def run(self, *words, fails=False, env=None, **options):
        asked["tombolo"] += 1
        done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **(env or {})}, **{"stdin": subprocess.DEVNULL, **options})
        assert (done.returncode != 0) == fails, f"tombolo {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def printed(self, path):
        value, = json.loads(self.run("cert", "print", "-o", "json", path))
        details = value["details"]
        assert value["publicKey"] == details["publicKey"]
        kept = ("name", "networks", "unsafeNetworks", "groups", "isCa", "issuer", "notBefore", "notAfter", "publicKey")
        return {**{key: details[key] for key in kept}, "fingerprint": value["fingerprint"]}


@pytest.fixture(scope="session")
def tombolo():
    return Tombolo()


@pytest.fixture
def golden():
    return SOURCE / "tests/data/nebula"


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"Nebula's programs were run {asked['nebula']} times, ours {asked['tombolo']} times")
