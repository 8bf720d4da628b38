"""The world that the e2e tests share, and the rule about skips."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import world as worlds  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: waits for Liqo's own timeouts, or plays the recipe to its end; not part of ./check")


def pytest_sessionstart(session):
    """One line in place of a skip for each test: ctest takes 77 for a skip; with CI=true a failure."""
    if not session.config.option.collectonly and (reason := worlds.missing()):
        pytest.exit(f"no machine can be booted here: {reason}", returncode=1 if os.environ.get("CI") == "true" else 77)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With CI=true a skip is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure with CI=true: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def world():
    folder = tempfile.mkdtemp(prefix="tombolo-world.")
    try:
        it = worlds.World(folder)
        yield it
        it.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def at_home(world):
    """The home cluster as on its first day, whatever other files have left in it."""
    world.cluster_at_home.reset()
    return world.cluster_at_home
