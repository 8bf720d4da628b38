"""Nebula's own programs, built once from Go modules into the user's cache: for the interop and the e2e suites."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

LEAST_GO = (1, 26)


class NotHere(Exception):
    """Why it cannot be built on this computer."""


def cache_folder():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tombolo-tests"


def go_program():
    go = shutil.which("go") or ("/usr/local/go/bin/go" if os.access("/usr/local/go/bin/go", os.X_OK) else None)
    if not go:
        raise NotHere("Nebula is built from Go modules, and there is no go in PATH")
    found = re.search(r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout)
    if not found or tuple(map(int, found.groups())) < LEAST_GO:
        raise NotHere(f"Nebula 1.11.1 needs Go {LEAST_GO[0]}.{LEAST_GO[1]} or newer, and {go} is older")
    return go


def build(version):
    """The folder of nebula and nebula-cert of that version."""
    folder = cache_folder() / f"nebula-{version}"
    if (folder / "nebula").exists() and (folder / "nebula-cert").exists():
        return folder
    go = go_program()
    cache_folder().mkdir(parents=True, exist_ok=True)
    scratch = tempfile.mkdtemp(dir=cache_folder())  # so that the folder is there whole or not at all
    module = "github.com/slackhq/nebula/cmd/"
    done = subprocess.run([go, "install", f"{module}nebula@v{version}", f"{module}nebula-cert@v{version}"], text=True,
                          capture_output=True,
                          env={**os.environ, "GOBIN": scratch, "GOTOOLCHAIN": "local", "GOFLAGS": "", "CGO_ENABLED": "0"})
    assert done.returncode == 0, done.stderr[-2000:]
    try:
        os.chmod(scratch, 0o755)
        os.rename(scratch, folder)
    except OSError:  # another run was faster
        shutil.rmtree(scratch)
    return folder
