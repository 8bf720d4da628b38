"""The encrypted backup file, opened by a program that is not ours: docs/secrets.md is all that it takes.

argon2id and AES-256-GCM are those of pyca/cryptography, which moto brings along.
"""
import os
import pathlib
import struct
import subprocess

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3]))
PROGRAM = os.environ.get("TOMBOLO", str(SOURCE / "build/release/tombolo"))
PASSPHRASE = "correct horse battery staple"


def open_backup(content, passphrase):
    assert content[:8] == b"TMBLSEC1"
    memory, passes, lanes = struct.unpack(">IIB", content[8:17])
    salt, nonce, length = content[17:33], content[33:45], content[45]
    header, sealed = content[:46 + length], content[46 + length:]
    key = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(passphrase.encode())
    return AESGCM(key).decrypt(nonce, sealed, header)


@pytest.fixture
def made(tmp_path):
    text = (SOURCE / "examples" / "recipe.yaml").read_text()
    (tmp_path / "tombolo.yaml").write_text(text.split("\nsecrets:")[0] + "\nsecrets:\n  backup: file\n  target: ca-key.backup\n")
    nebula = tmp_path / ".tombolo" / "nebula"
    nebula.mkdir(parents=True, mode=0o700)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TOMBOLO_BACKUP_PASSPHRASE": PASSPHRASE}
    for words in (["cert", "ca", "--name", "mesh", "--out-crt", nebula / "home-ca.crt", "--out-key", nebula / "home-ca.key"], ["secrets", "backup"]):
        answer = subprocess.run([PROGRAM, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert answer.returncode == 0, answer.stderr
    return tmp_path


def test_another_program_opens_the_backup(made):
    content = (made / "ca-key.backup").read_bytes()
    key = (made / ".tombolo" / "nebula" / "home-ca.key").read_bytes()
    assert key.startswith(b"-----BEGIN NEBULA ED25519 PRIVATE KEY-----")
    assert open_backup(content, PASSPHRASE) == key


def test_and_not_with_another_passphrase(made):
    with pytest.raises(InvalidTag):
        open_backup((made / "ca-key.backup").read_bytes(), "wrong")
