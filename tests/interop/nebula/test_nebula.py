"""Our certificates, keys and configurations before Nebula's own programs, and theirs before ours."""
import os
import pty
import subprocess

import pytest

RECIPE = [("lighthouse", "10.42.0.1/16", "lighthouse,infrastructure"), ("talos-homelab", "10.42.1.1/16", "kubernetes,homelab"),
          ("aws-gpu-worker", "10.42.2.1/16", "kubernetes,infrastructure,gpu-compute")]
PASSPHRASE = "correct horse battery staple"
CHEAP = ["-argon-memory", "1024", "-argon-iterations", "1", "-argon-parallelism", "2"]


@pytest.fixture(params=[1, 2])
def version(request, nebula):
    """The version of the certificates; None where this Nebula knows only version 1 and there is nothing to compare."""
    if request.param == 2 and not nebula.has_v2:
        return None
    return request.param


def test_they_read_and_believe_ours(nebula, tombolo, version, tmp_path):
    if version is None:
        return
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "mesh", "--version", version, "--networks", "10.42.0.0/16", "--unsafe-networks", "192.168.0.0/16", **here)
    tombolo.run("cert", "ca", "--name", "other", "--out-crt", "other.crt", "--out-key", "other.key", "--version", version, **here)
    for name, network, groups in RECIPE:
        tombolo.run("cert", "sign", "--name", name, "--networks", network, "--groups", groups, "--unsafe-networks", "192.168.1.5/24", **here)
        nebula.cert("verify", "-ca", "ca.crt", "-crt", f"{name}.crt", **here)
        nebula.cert("verify", "-ca", "other.crt", "-crt", f"{name}.crt", fails=True, **here)
        assert nebula.printed(tmp_path / f"{name}.crt") == tombolo.printed(tmp_path / f"{name}.crt")
    assert nebula.printed(tmp_path / "ca.crt") == tombolo.printed(tmp_path / "ca.crt")


def test_they_sign_with_our_authority(nebula, tombolo, version, tmp_path):
    if version is None:
        return
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "mesh", "--version", version, **here)
    nebula.cert("sign", "-name", "theirs", "-ip", "10.42.0.5/16", "-groups", "a,b", **here)
    tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", "theirs.crt", "--key", "theirs.key", **here)
    assert nebula.printed(tmp_path / "theirs.crt") == tombolo.printed(tmp_path / "theirs.crt")


def test_we_read_and_believe_theirs_and_sign_with_their_authority(nebula, tombolo, version, tmp_path):
    if version is None:
        return
    here = {"cwd": tmp_path}
    nebula.cert("ca", *nebula.version_flag(version), "-name", "talos-homelab-mesh", "-duration", "87600h", **here)
    for name, network, groups in RECIPE:
        nebula.cert("sign", "-name", name, "-ip", network, "-groups", groups, **here)
        tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", f"{name}.crt", "--key", f"{name}.key", **here)
        assert nebula.printed(tmp_path / f"{name}.crt") == tombolo.printed(tmp_path / f"{name}.crt")
    nebula.cert("keygen", "-out-key", "phone.key", "-out-pub", "phone.pub", **here)
    tombolo.run("cert", "sign", "--name", "phone", "--ip", "10.42.9.1/16", "--in-pub", "phone.pub", **here)
    nebula.cert("verify", "-ca", "ca.crt", "-crt", "phone.crt", **here)
    tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", "phone.crt", "--key", "phone.key", **here)
    tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", "phone.crt", "--key", "lighthouse.key", fails=True, **here)


def test_p256_of_theirs(nebula, tombolo, version, tmp_path):
    if version is None or not nebula.has_p256:
        return
    here = {"cwd": tmp_path}
    nebula.cert("ca", *nebula.version_flag(version), "-curve", "P256", "-name", "P", **here)
    nebula.cert("sign", "-name", "theirs", "-ip", "10.42.0.5/16", **here)
    tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", "theirs.crt", "--key", "theirs.key", **here)
    assert nebula.printed(tmp_path / "theirs.crt") == tombolo.printed(tmp_path / "theirs.crt")
    nebula.cert("keygen", "-curve", "P256", "-out-key", "phone.key", "-out-pub", "phone.pub", **here)
    tombolo.run("cert", "sign", "--name", "phone", "--ip", "10.42.9.1/16", "--in-pub", "phone.pub", **here)
    nebula.cert("verify", "-ca", "ca.crt", "-crt", "phone.crt", **here)
    tombolo.run("cert", "sign", "--name", "none", "--ip", "10.42.9.2/16", fails=True, **here)


def test_constrained_authority_holds_for_them_and_for_us(nebula, tombolo, version, tmp_path):
    if version is None:
        return
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "workers", "--version", version, "--networks", "10.42.2.0/24", "--unsafe-networks", "192.0.2.0/32",
                "--groups", "kubernetes,gpu-compute", **here)

    def ours(name, fails, *words):
        return tombolo.run("cert", "sign", "--name", name, *words, fails=fails, **here)

    def theirs(name, fails, *words):
        return nebula.cert("sign", "-name", name, *words, fails=fails, **here)

    for who, sign in (("ours", ours), ("theirs", theirs)):
        sign(f"{who}-good", False, "-ip", "10.42.2.1/24", "-groups", "kubernetes")
        sign(f"{who}-group", True, "-ip", "10.42.2.1/24", "-groups", "ops")
        sign(f"{who}-address", True, "-ip", "10.42.1.1/24")
        sign(f"{who}-prefix", True, "-ip", "10.42.2.1/16")
        sign(f"{who}-router", True, "-ip", "10.42.2.1/24", "-subnets", "10.42.1.1/32")
        nebula.cert("verify", "-ca", "ca.crt", "-crt", f"{who}-good.crt", **here)
        tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", f"{who}-good.crt", **here)


def test_a_v1_authority_signs_v2_and_the_reverse(newest, tombolo, tmp_path):
    here = {"cwd": tmp_path}
    for own, other in ((1, 2), (2, 1)):
        ca = ["--ca-crt", f"ca{own}.crt", "--ca-key", f"ca{own}.key"]
        tombolo.run("cert", "ca", "--name", "mesh", "--version", own, "--out-crt", f"ca{own}.crt", "--out-key", f"ca{own}.key", **here)
        tombolo.run("cert", "sign", "--name", f"h{other}", "--networks", "10.42.0.1/16", "--version", other, *ca, **here)
        newest.cert("verify", "-ca", f"ca{own}.crt", "-crt", f"h{other}.crt", **here)
        assert newest.printed(tmp_path / f"h{other}.crt") == tombolo.printed(tmp_path / f"h{other}.crt")
    tombolo.run("cert", "sign", "--name", "dual", "--networks", "fd00:42::1/64,10.42.0.2/16", "--unsafe-networks", "192.168.2.0/24,fd00:1::/64",
                "--ca-crt", "ca2.crt", "--ca-key", "ca2.key", **here)
    newest.cert("verify", "-ca", "ca2.crt", "-crt", "dual.crt", **here)
    assert newest.printed(tmp_path / "dual.crt") == tombolo.printed(tmp_path / "dual.crt")


def test_standard_streams(newest, tombolo, tmp_path):
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "mesh", **here)
    newest.cert("keygen", "-out-key", "h.key", "-out-pub", "h.pub", **here)
    with open(tmp_path / "h.pub") as public:
        text = tombolo.run("cert", "sign", "--name", "h", "--networks", "10.42.0.1/16", "--in-pub", "-", "--out-crt", "-", stdin=public, **here)
    (tmp_path / "h.crt").write_text(text)
    newest.cert("verify", "-ca", "ca.crt", "-crt", "h.crt", **here)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.crt", "ca.key", "h.crt", "h.key", "h.pub"]


def on_a_terminal(nebula, folder, *words, typed):
    """Nebula before 1.10 takes a passphrase from a terminal only."""
    outside, inside = pty.openpty()
    process = subprocess.Popen([nebula.folder / "nebula-cert", *words], cwd=folder, stdin=inside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    os.close(inside)
    for line in typed:
        os.write(outside, (line + "\n").encode())
    said, _ = process.communicate(timeout=60)
    os.close(outside)
    return process.returncode, said.decode()


def test_encrypted_keys_of_ours_open_for_them(nebula, tombolo, tmp_path):
    if not nebula.has_p256:  # 1.7 brought both
        return
    tombolo.run("cert", "ca", "--name", "mesh", "--encrypt", *CHEAP, cwd=tmp_path, env={"NEBULA_CA_PASSPHRASE": PASSPHRASE})
    assert "ENCRYPTED" in (tmp_path / "ca.key").read_text()
    sign = ["sign", "-name", "theirs", "-ip", "10.42.0.5/16"]
    if nebula.has_v2:
        nebula.cert(*sign, cwd=tmp_path, env={**os.environ, "NEBULA_CA_PASSPHRASE": "wrong"}, fails=True)
        nebula.cert(*sign, cwd=tmp_path, env={**os.environ, "NEBULA_CA_PASSPHRASE": PASSPHRASE})
    else:
        code, said = on_a_terminal(nebula, tmp_path, *sign, typed=["wrong"])
        assert code != 0, said
        code, said = on_a_terminal(nebula, tmp_path, *sign, typed=[PASSPHRASE])
        assert code == 0, said
    tombolo.run("cert", "verify", "--ca", "ca.crt", "--crt", "theirs.crt", cwd=tmp_path)


def test_encrypted_keys_of_theirs_open_for_us(nebula, tombolo, tmp_path):
    if not nebula.has_p256:
        return
    ca = ["ca", "-name", "mesh", "-encrypt", *CHEAP]
    if nebula.has_v2:
        nebula.cert(*ca, cwd=tmp_path, env={**os.environ, "NEBULA_CA_PASSPHRASE": PASSPHRASE})
    else:
        code, said = on_a_terminal(nebula, tmp_path, *ca, typed=[PASSPHRASE, PASSPHRASE])
        assert code == 0, said
    sign = ["cert", "sign", "--name", "ours", "--networks", "10.42.0.5/16"]
    assert "nobody can be asked" in tombolo.run(*sign, cwd=tmp_path, fails=True)
    assert "passphrase is wrong" in tombolo.run(*sign, cwd=tmp_path, fails=True, env={"NEBULA_CA_PASSPHRASE": "wrong"})
    tombolo.run(*sign, cwd=tmp_path, env={"NEBULA_CA_PASSPHRASE": PASSPHRASE})
    nebula.cert("verify", "-ca", "ca.crt", "-crt", "ours.crt", cwd=tmp_path)


def test_import_of_the_recipes_folder(nebula, tombolo, tmp_path):
    folder = tmp_path / ".nebula-ca"
    folder.mkdir()
    nebula.cert("ca", "-name", "talos-homelab-mesh", "-duration", "87600h", cwd=folder)
    for name, network, groups in RECIPE:
        nebula.cert("sign", "-name", name, "-ip", network, "-groups", groups, cwd=folder)
    assert "imported" in tombolo.run("cert", "import", folder, cwd=tmp_path)
    state = tmp_path / ".tombolo/nebula"
    assert (state / "home-ca.key").read_bytes() == (folder / "ca.key").read_bytes()
    assert (state / "home-ca.key").stat().st_mode & 0o777 == 0o600
    assert (state / "members/lighthouse/host.crt").read_bytes() == (folder / "lighthouse.crt").read_bytes()
    kept = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert "imported" not in tombolo.run("cert", "import", folder, cwd=tmp_path)
    assert kept == {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    tombolo.run("cert", "verify", folder / "lighthouse.crt", cwd=tmp_path)
    tombolo.run("cert", "sign", "--name", "laptop", "--networks", "10.42.9.1/16", cwd=tmp_path)  # with the imported authority
    nebula.cert("verify", "-ca", folder / "ca.crt", "-crt", "laptop.crt", cwd=tmp_path)

    os.replace(folder / "lighthouse.key", folder / "talos-homelab.key")  # a mixed-up pair
    said = tombolo.run("cert", "import", folder, "--state", tmp_path / "second", cwd=tmp_path, fails=True)
    assert "talos-homelab.crt and talos-homelab.key" in said, said
    assert not (tmp_path / "second/nebula").exists()


@pytest.mark.parametrize("kind", ["lighthouse", "member"])
def test_they_take_our_configuration(nebula, tombolo, golden, tmp_path, kind):
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "mesh", **here)
    tombolo.run("cert", "ca", "--name", "workers", "--networks", "10.42.2.0/24", "--groups", "gpu", "--out-crt", "w.crt", "--out-key", "w.key", **here)
    tombolo.run("cert", "sign", "--name", "host", "--networks", "10.42.0.1/16" if kind == "lighthouse" else "10.42.1.1/16", **here)
    with open(tmp_path / "ca.crt", "a") as bundle:  # members trust both authorities
        bundle.write((tmp_path / "w.crt").read_text())
    text = (golden / f"{kind}.yml").read_text().replace("/etc/nebula/", f"{tmp_path}/")
    (tmp_path / "config.yml").write_text(text)
    said = nebula.run("nebula", "-test", "-config", tmp_path / "config.yml")
    assert "error" not in said.lower() and "unknown" not in said.lower(), said

    for wrong in (text.replace("proto: icmp", "proto: nonsense"), text.replace("host.key", "ca.key"), text.replace("host.crt", "w.crt")):
        assert wrong != text
        (tmp_path / "wrong.yml").write_text(wrong)
        nebula.run("nebula", "-test", "-config", tmp_path / "wrong.yml", fails=True)


def test_a_worker_needs_the_meshs_own_prefix(nebula, tombolo, golden, tmp_path):
    """Why the worker authority is held to the mesh's network and not to a narrower range: docs/adr/."""
    here = {"cwd": tmp_path}
    tombolo.run("cert", "ca", "--name", "workers", "--networks", "10.42.0.0/16", "--groups", "gpu", **here)
    (tmp_path / "config.yml").write_text((golden / "member.yml").read_text().replace("/etc/nebula/", f"{tmp_path}/"))

    tombolo.run("cert", "sign", "--name", "host", "--networks", "10.42.2.1/16", "--groups", "gpu", **here)
    assert "not within our networks" not in nebula.run("nebula", "-test", "-config", tmp_path / "config.yml")

    for name in ("host.crt", "host.key"):
        os.remove(tmp_path / name)
    tombolo.run("cert", "sign", "--name", "host", "--networks", "10.42.2.1/24", "--groups", "gpu", **here)
    said = nebula.run("nebula", "-test", "-config", tmp_path / "config.yml", fails=not nebula.has_v2)
    assert ("traffic to the lighthouse will not" if nebula.has_v2 else "not in our subnet") in said, said
