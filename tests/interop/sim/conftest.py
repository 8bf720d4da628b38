"""The simulated AWS, started once for all tests of this folder and reset before each."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from simulated import Simulated  # noqa: E402


@pytest.fixture(scope="session")
def server(program):
    running = Simulated(program, "--time-scale", "40", "--seed", "7")
    yield running
    assert running.stop() in (0, 4), "sim serve did not end on Ctrl-C"


@pytest.fixture
def sim(server):
    server.control("reset")
    return server
