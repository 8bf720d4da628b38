"""Our SSH client, the proof of host keys and the pinned files, against OpenSSH's server and OpenSSH's clients."""
import concurrent.futures
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import PROBE, TYPES, USER, free_port, make_key

TOKEN = "6f1c" * 16


# ---- commands

def test_commands_give_their_output_and_status_on_one_connection(machine):
    answer = machine.probe("run", machine.server.port, "echo out; echo err >&2", "exit 7", "printf '\\000\\377\\n'")
    assert answer.all("status") == ["0", "7", "0"]
    assert answer.all("out")[0] == "b3V0Cg==" and answer.all("err")[0] == "ZXJyCg=="
    assert answer.bytes("out") == b"\x00\xff\n"


def test_a_signal_is_an_exit_status(machine):
    answer = machine.probe("run", machine.server.port, "kill -TERM $$", "kill -KILL $$", "kill -SEGV $$")
    assert answer.all("status") == [str(128 + n) for n in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV)]


def test_input_of_a_megabyte_and_output_of_ten_come_whole(machine):
    data = os.urandom(1 << 20)
    answer = machine.probe("run", machine.server.port, "cat", stdin=data)
    assert answer.status == "0" and answer.bytes("out") == data
    answer = machine.probe("stream", machine.server.port, "head -c 10000000 /dev/zero; echo done >&2")
    assert (answer.values["bytes"], answer.error_bytes, answer.status) == ("10000000", "5", "0")
    assert machine.probe("run", machine.server.port, "head -c 9 | wc -c", stdin=data).bytes("out").strip() == b"9"


def test_too_much_output_is_said_and_the_connection_stays(machine):
    answer = machine.probe("run", machine.server.port, "yes", "true", limit=100000)
    assert answer.error == "unsupported" and answer.status == "0" and "more than 100000 bytes" in answer.sentence


def test_a_command_that_does_not_end_costs_its_patience(machine):
    answer = machine.probe("run", machine.server.port, "sleep 30", "true", run_patience=400)
    assert answer.error == "transient" and "in time" in answer.sentence and answer.then == "transient"
    assert 0.3 < answer.took < 10


def test_a_stream_comes_as_it_is_written_and_can_be_ended(machine):
    answer = machine.probe("stream", machine.server.port, "echo first; sleep 1; echo second")
    assert answer.status == "0" and float(answer.first) < answer.took - 0.8
    marker = machine.folder / "alive"
    answer = machine.probe("stream", machine.server.port, f"while echo x; do sleep 0.05; touch '{marker}'; done", enough=4)
    assert answer.status == "0" and answer.took < 10
    for _ in range(100):  # the command ends by itself: its pipe is broken
        marker.unlink(missing_ok=True)
        time.sleep(0.2)
        if not marker.exists():
            return
    pytest.fail("the remote command goes on")


def test_a_stop_ends_a_stream_and_a_connection_at_once(machine):
    answer = machine.probe("stream", machine.server.port, "sleep 30", cancel=500)
    assert answer.error == "cancelled" and answer.took < 10
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = machine.probe("run", silent.getsockname()[1], "true", cancel=300)
        assert answer.error == "cancelled" and answer.took < 4


def test_several_threads_have_connections_at_once(world):
    server = world.sshd("server", extra="MaxStartups 100\n")
    answer = world.probe("run", server.port, "sleep 0.5; seq 20000", at_once=6)
    assert answer.all("status") == ["0"] * 6 and len(set(answer.all("out"))) == 1 and answer.error is None
    assert answer.took < 8


@pytest.mark.parametrize("kind", TYPES)
def test_every_host_key_type_can_be_asked_for(machine, kind):
    answer = machine.probe("run", machine.server.port, "true", types=TYPES[kind])
    assert answer.shown == machine.server.keys[kind] and answer.status == "0"
    said = subprocess.run(["ssh-keygen", "-lf", machine.server.folder / f"ssh_host_{kind}_key.pub"], capture_output=True, text=True).stdout
    assert said.split()[1] == answer.fingerprint


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_other_types_of_our_own_key_are_let_in(world, kind):
    world.public = make_key(world.folder / "other", kind)
    assert world.probe("run", world.sshd("server", kinds=["ed25519"]).port, "true", key=world.folder / "other").status == "0"


def test_nothing_of_the_users_own_is_read(machine):
    """libssh takes the home from /etc/passwd: in a mount namespace of its own the probe sees one whose SSH files break everything."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no mount namespace")
    home = machine.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    hostile = "Host *\n  User nobody\n  HostKeyAlgorithms ssh-rsa\n  KexAlgorithms diffie-hellman-group18-sha512\n  Ciphers aes128-ctr\n"
    (home / ".ssh" / "config").write_text(hostile)
    # Whoever reads this asks for RSA first: then the key that is shown is not the one we prefer.
    known = f"[127.0.0.1]:{machine.server.port} {machine.server.keys['rsa']}\n"
    (home / ".ssh" / "known_hosts").write_text(known)
    (machine.folder / "ssh_config").write_text(hostile)
    (machine.folder / "passwd").write_text(f"root:x:0:0:root:{home}:/bin/sh\n")
    machine.wrapper = ["unshare", "--mount", "sh", "-ec",
                       'mount --bind "$0/passwd" /etc/passwd; mount --bind "$0/ssh_config" /etc/ssh/ssh_config; exec "$@"', machine.folder]
    try:
        answer = machine.probe("run", machine.server.port, "true")
    finally:
        machine.wrapper = []
    assert answer.status == "0" and answer.shown == machine.server.keys["ed25519"], answer.text


# ---- no way in

def test_a_refused_port_and_an_unknown_name_are_unreachable(machine):
    answer = machine.probe("run", free_port(), "true")
    assert answer.error == "unreachable" and "refuses" in answer.sentence and answer.took < 4
    answer = machine.probe("run", machine.server.port, "true", host="no-such-host.invalid", patience=3000)
    assert answer.error == "unreachable" and "no-such-host.invalid" in answer.sentence and answer.took < 4


def test_a_server_that_does_not_answer_costs_the_patience_and_no_more(machine):
    with socket.socket() as full:  # nobody accepts: the kernel drops what comes when the queue is full, as a closed group does
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(full.getsockname())
        answer = machine.probe("run", full.getsockname()[1], "true", patience=700)
        for s in waiting:
            s.close()
    assert answer.error == "unreachable" and "does not answer" in answer.sentence and 0.6 < answer.took < 4


@pytest.mark.parametrize("drip", [b"", b"S", b"SSH-2.0-x\r\n"], ids=["silent", "dripping", "banner-only"])
def test_a_server_that_says_nothing_useful_costs_the_patience_and_no_more(machine, drip):
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            try:
                client, _ = server.accept()
                if len(drip) > 1:
                    client.sendall(drip)
                while True:
                    time.sleep(0.03)
                    if len(drip) == 1:
                        client.sendall(drip)
            except OSError:
                pass
        threading.Thread(target=serve, daemon=True).start()
        answer = machine.probe("run", server.getsockname()[1], "true", patience=700)
    assert answer.error in ("unreachable", "transient") and answer.took < 4, answer.text
    if len(drip) != 1:
        assert answer.error == "unreachable" and "in time" in answer.sentence and answer.took > 0.6


def test_a_slow_server_is_waited_for(machine):
    slow = machine.relay(machine.server.port, delay=0.15)
    answer = machine.probe("run", slow.port, "echo slow", patience=8000)
    assert answer.status == "0" and answer.took > 1


@pytest.mark.parametrize("after", [10, 300, 1600])
def test_a_connection_that_is_cut_is_worth_another_try(machine, after):
    answer = machine.probe("run", machine.relay(machine.server.port, cut_after=after).port, "true")
    assert answer.error == "transient" and "ended the connection" in answer.sentence and answer.took < 4


def test_a_key_that_is_not_let_in_is_named(machine):
    make_key(machine.folder / "stranger")
    answer = machine.probe("run", machine.server.port, "true", key=machine.folder / "stranger")
    assert answer.error == "permission" and "stranger" in answer.sentence and "authorized_keys" in answer.hint


def test_a_key_file_that_cannot_be_used_is_bad_input(machine):
    assert machine.probe("run", machine.server.port, "true", key=machine.folder / "none").error == "bad input"
    locked = machine.folder / "locked"
    locked.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked], check=True)
    answer = machine.probe("run", machine.server.port, "true", key=locked)
    assert answer.error == "bad input" and "passphrase" in answer.sentence


def test_an_old_server_without_our_encryption_is_unsupported(world):
    server = world.sshd("server", extra="KexAlgorithms diffie-hellman-group14-sha256\n")
    answer = world.probe("run", server.port, "true")
    assert answer.error == "unsupported" and "encryption" in answer.sentence


# ---- connections that die

def test_a_killed_server_ends_the_stream(world):
    server = world.sshd("server")
    threading.Timer(1, server.kill_sessions).start()
    answer = world.probe("stream", server.port, "echo up; sleep 30")
    assert answer.error == "transient" and "lost" in answer.sentence and answer.values["bytes"] == "3" and answer.took < 10


def test_a_wire_that_is_cut_while_input_goes_out_is_an_error_and_no_signal(machine):
    relay = machine.relay(machine.server.port, cut_after=5500)
    answer = machine.probe("run", relay.port, "cat > /dev/null", stdin=bytes(40 << 20))
    assert answer.error == "transient" and "lost" in answer.sentence and answer.opened, answer.text


def test_a_dead_wire_is_noticed_and_a_silent_command_is_not_mistaken_for_one(machine):
    talkative = machine.sshd("talkative", level="DEBUG")
    relay = machine.relay(machine.server.port)
    with concurrent.futures.ThreadPoolExecutor() as both:
        dead = both.submit(machine.probe, "stream", relay.port, "echo up; sleep 60")
        quiet = both.submit(machine.probe, "stream", talkative.port, "sleep 15; echo late")
        time.sleep(1)
        relay.silent = True
        assert dead.result().error == "transient" and 12 < dead.result().took < 30
        assert quiet.result().status == "0" and quiet.result().values["bytes"] == "5"
    assert talkative.log().count("keepalive@openssh.com") >= 2


# ---- who is he

def start_proven(world, name, token=TOKEN, **options):
    """A machine's sshd as cloud-init would start it: the script first."""
    server = world.sshd(name, start=False, **options)
    script = world.folder / f"{name}.py"
    script.write_bytes(subprocess.run([PROBE, "script"], capture_output=True, check=True).stdout)
    script.chmod(0o700)
    (server.folder / "token").write_text(token + "\n")
    (server.folder / "token").chmod(0o600)
    subprocess.run([script, server.folder / "token", server.folder / "banner", server.folder], check=True, env={"PATH": "/usr/bin:/bin"})
    assert not (server.folder / "token").exists()
    return server


def test_a_machine_is_proven_as_soon_as_its_sshd_answers(world):
    server = start_proven(world, "server", kinds=TYPES)
    with concurrent.futures.ThreadPoolExecutor() as pool:  # we ask before it is there
        asked = pool.submit(world.probe, "run", server.port, "true", trust="token", token=TOKEN, keep=10000)
        time.sleep(0.3)
        began = time.monotonic()
        server.start(wait=False)
        answer = asked.result()
        assert time.monotonic() - began < 4
        assert "Accepted publickey" in server.log()
    assert answer.status == "0", answer.text
    for kind in TYPES:
        assert world.probe("run", server.port, "true", trust="token", token=TOKEN, types=TYPES[kind]).status == "0"


def refused(answer, server):
    assert answer.error == "untrusted" and answer.hint and answer.status is None, answer.text
    assert "publickey" not in server.log()  # nothing of ours was shown to him
    return answer.sentence


def test_somebody_in_the_middle_is_refused_with_and_without_our_banner(world):
    real = start_proven(world, "server").start()
    assert world.probe("run", world.relay(real.port).port, "true", trust="token", token=TOKEN).status == "0"  # a wire is no threat
    middle = world.sshd("middle")
    assert "does not prove" in refused(world.probe("run", middle.port, "true", trust="token", token=TOKEN), middle)
    shutil.copy(real.folder / "banner", middle.folder / "banner")
    answer = world.probe("run", middle.port, "true", trust="token", token=TOKEN)
    assert "not the machine's own" in refused(answer, middle) and "between" in answer.hint


def test_another_machine_and_a_replayed_banner_are_refused(world):
    other = start_proven(world, "other", token="00" * 32).start()
    assert "another machine's token" in refused(world.probe("run", other.port, "true", trust="token", token=TOKEN), other)
    shutil.copy(other.folder / "banner", other.folder / "old")  # its own old banner, after its keys were made anew
    other.stop()
    again = start_proven(world, "again").start()
    shutil.copy(other.folder / "old", again.folder / "banner")
    assert "another machine's token" in refused(world.probe("run", again.port, "true", trust="token", token=TOKEN), again)


def test_the_consoles_keys_prove_the_machine_too(world):
    server = world.sshd("server")
    console = world.folder / "console"
    lines = "".join(f"{key} root@ip-172-31-0-4\r\n" for key in server.keys.values())
    console.write_text(f"[    1.2] boot\r\n-----BEGIN SSH HOST KEY KEYS-----\r\n{lines}-----END SSH HOST KEY KEYS-----\r\n")
    assert world.probe("run", server.port, "true", trust="console", console=console).status == "0"
    middle = world.sshd("middle")
    refused(world.probe("run", middle.port, "true", trust="console", console=console), middle)


def pin(world, server, alias="i-0abc"):
    state = world.folder / "a cluster" / ".tombolo"
    (state / "ssh").mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy(world.key, state / "ssh" / "id_ed25519")
    for folder in (state.parent, state, state / "ssh"):
        folder.chmod(0o700)
    subprocess.run([PROBE, "pin", f"folder={state}", f"alias={alias}", "address=127.0.0.1", f"port={server.port}", f"user={USER}",
                    *server.keys.values()], check=True)
    return state


def plain(state, *words):
    return subprocess.run(words, cwd=state.parent, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})


def test_a_key_that_changed_after_it_was_pinned_is_refused_by_us_and_by_ssh(world):
    server = world.sshd("server", kinds=["ed25519"])
    state = pin(world, server)
    pins = {"trust": "pins", "folder": state, "alias": "i-0abc", "types": "ssh-ed25519"}
    assert world.probe("run", server.port, "true", **pins).status == "0"
    assert plain(state, "ssh", "-F", ".tombolo/ssh_config", "lighthouse", "true").returncode == 0
    port = server.port
    server.stop()
    changed = world.sshd("changed", kinds=["ed25519", "rsa"], port=port)
    answer = world.probe("run", port, "true", **pins)
    assert "another host key" in refused(answer, changed) and "i-0abc" in answer.sentence
    answer = world.probe("run", port, "true", **{**pins, "types": "ecdsa-sha2-nistp256"})  # a key of another type is no way around
    assert "no host key of a type" in refused(answer, changed)
    said = plain(state, "ssh", "-F", ".tombolo/ssh_config", "lighthouse", "true")
    assert said.returncode == 255 and "HOST IDENTIFICATION HAS CHANGED" in said.stderr
    pin(world, changed, "i-0def")  # a replaced machine is a new name: nobody edits anything
    assert plain(state, "ssh", "-F", ".tombolo/ssh_config", "lighthouse", "true").returncode == 0


def test_plain_ssh_scp_and_rsync_work_with_our_files(world):
    server = start_proven(world, "server").start()
    state = pin(world, server)
    said = plain(state, "ssh", "-F", ".tombolo/ssh_config", "lighthouse", "echo $((6*7)); exit 3")
    assert (said.returncode, said.stdout, said.stderr) == (3, "42\n", "")
    (state.parent / "file").write_text("content")
    target = world.folder / "copied"
    assert plain(state, "scp", "-q", "-F", ".tombolo/ssh_config", "file", f"lighthouse:{target}").returncode == 0
    assert target.read_text() == "content"
    assert pathlib.Path(state / "ssh_config").stat().st_mode & 0o777 == 0o600
    if shutil.which("rsync"):
        synced = plain(state, "rsync", "-e", "ssh -F .tombolo/ssh_config", "file", f"lighthouse:{target}.synced")
        assert synced.returncode == 0, synced.stderr
