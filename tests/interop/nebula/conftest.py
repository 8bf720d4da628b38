"""Nebula's own programs: Debian's 1.6.1 when it is installed, 1.9.5 and 1.11.1 built once from Go modules into the user's cache."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3]))
PROGRAM = os.environ.get("TOMBOLO", str(SOURCE / "build/release/tombolo"))
BUILT = ("1.9.5", "1.11.1")
LEAST_GO = (1, 26)
asked = {"nebula": 0, "tombolo": 0}  # how often which program was run, for the summary


def cache_folder():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tombolo-tests"


def go_program():
    """Go's path, or the reason why there is none."""
    go = shutil.which("go") or ("/usr/local/go/bin/go" if os.access("/usr/local/go/bin/go", os.X_OK) else None)
    if not go:
        return None, "Nebula is built from Go modules, and there is no go in PATH"
    found = re.search(r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout)
    if not found or tuple(map(int, found.groups())) < LEAST_GO:
        return None, f"Nebula 1.11.1 needs Go {LEAST_GO[0]}.{LEAST_GO[1]} or newer, and {go} is older"
    return go, ""


def build(version):
    folder = cache_folder() / f"nebula-{version}"
    if (folder / "nebula").exists() and (folder / "nebula-cert").exists():
        return folder
    go, reason = go_program()
    if not go:
        pytest.skip(reason)
    cache_folder().mkdir(parents=True, exist_ok=True)
    scratch = tempfile.mkdtemp(dir=cache_folder())  # so that the folder is there whole or not at all
    module = "github.com/slackhq/nebula/cmd/"
    done = subprocess.run([go, "install", f"{module}nebula@v{version}", f"{module}nebula-cert@v{version}"], text=True,
                          capture_output=True, env={**os.environ, "GOBIN": scratch, "GOTOOLCHAIN": "local", "GOFLAGS": ""})
    assert done.returncode == 0, done.stderr[-2000:]
    try:
        os.rename(scratch, folder)
    except OSError:  # another run was faster
        shutil.rmtree(scratch)
    return folder


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
