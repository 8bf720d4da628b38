"""Shared by all interop suites: the program under test, moto behind its strict front, and the rule about skips.

Environment: TOMBOLO (the program), TOMBOLO_SOURCE_DIR; both have defaults for running pytest by hand.
"""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import boto3
import pytest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", HERE.parent.parent))
PROGRAM = os.environ.get("TOMBOLO", str(SOURCE / "build/release/tombolo"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With CI=true a skip is a failure, but for a peer that is only used "where the machine has it"."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and "where the machine has it" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure with CI=true: {report.longrepr}"
    return report


class Moto:
    """moto behind moto_strict.py on a free loopback port."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "moto_strict.py"], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), "moto did not start"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    def post(self, path, value=None):
        data = json.dumps(value or {}).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=30))

    def reset(self):
        self.post("/moto-api/reset")
        self.post("/_strict/reset")

    def config(self, **settings):
        return self.post("/_strict/config", settings)

    def fault(self, action, **fault):
        return self.post("/_strict/fault", {"action": action, **fault})

    def log(self):
        return self.post("/_strict/log")

    def environment(self):
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_PAGER": ""}

    def ec2(self, region="us-west-2"):
        """boto3's client: a second opinion about what is there."""
        return boto3.client("ec2", region_name=region, endpoint_url=self.url, aws_access_key_id="testing",
                            aws_secret_access_key="testing")


@pytest.fixture(scope="session")
def program():
    if not os.access(PROGRAM, os.X_OK):
        pytest.fail(f"there is no program at {PROGRAM}: build it, or set TOMBOLO")
    return PROGRAM


@pytest.fixture(scope="session")
def moto_server():
    server = Moto()
    yield server
    server.stop()


@pytest.fixture
def moto(moto_server):
    moto_server.reset()
    return moto_server
