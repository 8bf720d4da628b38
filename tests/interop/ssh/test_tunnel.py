"""Our tunnel through OpenSSH's server: what connects here comes out there, whole, both ways, as often as one likes."""
import contextlib
import hashlib
import os
import select
import socket
import subprocess
import threading

import pytest
from conftest import free_port


@pytest.fixture
def echo():
    """A server that gives back what it gets, in pieces as they come, until its client has said everything; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        with connection:
            while piece := connection.recv(65536):
                connection.sendall(piece)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@contextlib.contextmanager
def tunnel(machine, to):
    """The near end's address, and the probe that serves it."""
    words, environment = machine.command("tunnel", machine.server.port, to=to)
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        try:
            near_end = next(line.split()[1] for line in probe.stdout if line.startswith("near_end "))
            host, port = near_end.split(":")
            yield (host, int(port)), probe
        finally:
            probe.stdin.close()
            assert probe.wait(timeout=10) == 0


def exchange(address, data):
    """What comes back of it; writes and reads at once, says its end, and reads on until the other's."""
    with socket.create_connection(address, timeout=20) as connection:
        def say():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        speaker = threading.Thread(target=say)
        speaker.start()
        heard = b""
        while piece := connection.recv(65536):
            heard += piece
        speaker.join()
        return heard


def test_megabytes_come_back_whole_over_several_connections_at_once(machine, echo):
    payloads = [os.urandom(3 << 20), b"x", b"", os.urandom(1 << 20), os.urandom(70_000)]
    with tunnel(machine, echo) as (address, _):
        answers = [None] * len(payloads)

        def work(i):
            answers[i] = hashlib.sha256(exchange(address, payloads[i])).hexdigest()

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(payloads))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=40)
        assert answers == [hashlib.sha256(p).hexdigest() for p in payloads]


def test_one_connection_after_the_other(machine, echo):
    with tunnel(machine, echo) as (address, _):
        for i in range(30):
            assert exchange(address, f"number {i}".encode()) == f"number {i}".encode()


def test_where_nobody_answers_behind_one_is_hung_up_on_and_the_tunnel_goes_on(machine, echo):
    with tunnel(machine, free_port()) as (address, probe):
        for _ in range(3):
            with contextlib.suppress(ConnectionResetError):
                assert exchange(address, b"") == b""
        assert not select.select([probe.stdout], [], [], 0.3)[0], "the way is said to be lost"


def test_a_lost_connection_is_noticed(machine, echo):
    with tunnel(machine, echo) as (address, probe):
        assert exchange(address, b"before") == b"before"
        machine.server.kill_sessions()
        assert select.select([probe.stdout], [], [], 20)[0]
        assert probe.stdout.readline().strip() == "lost"


def test_only_this_computer_reaches_the_near_end(machine, echo):
    with tunnel(machine, echo) as (address, _):
        assert address[0] == "127.0.0.1"
        listening = subprocess.run(["ss", "-Hltn", f"sport = :{address[1]}"], capture_output=True, text=True).stdout.split()
        assert listening[3] == f"127.0.0.1:{address[1]}"
