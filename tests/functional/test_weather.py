"""Bad weather, with the real program: a full disk, a read-only folder, a damaged journal, a second run, Ctrl-C, no credentials.

Each must give one clear sentence with what to do next, the right exit code, and lose nothing: afterwards `up` finishes
and `down` proves that nothing is left. Everything runs on the simulated site; nothing here talks to a network.
Needs only Python's standard library. TOMBOLO names the program, TOMBOLO_SOURCE_DIR the tree.
"""
import fcntl
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["TOMBOLO"]
SOURCE = pathlib.Path(os.environ["TOMBOLO_SOURCE_DIR"])
DONE, FAILED, CHANGES, BAD_INPUT, CANCELLED = 0, 1, 2, 3, 4


class World(unittest.TestCase):
    """A fresh folder with the recipe's cluster file, and the program in it."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="tombolo-weather-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        shutil.copy(SOURCE / "examples" / "recipe.yaml", self.home / "tombolo.yaml")
        self.state = self.home / ".tombolo-sim"  # what --sim uses
        kept = {"PATH", "TMPDIR", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS"}
        self.environment = {k: v for k, v in os.environ.items() if k in kept}
        self.environment["HOME"] = str(self.home)

    def run_tombolo(self, *arguments, **options):
        environment = self.environment | options.pop("env", {})
        return subprocess.run([PROGRAM, *arguments], cwd=self.home, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, **options)

    def start_tombolo(self, *arguments):
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def up(self, **options):
        return self.run_tombolo("up", "--sim", "--yes", **options)

    def finishes(self):
        """`up` comes to its end, a second one changes nothing, and `down` leaves nothing."""
        made = self.up()
        self.assertEqual(made.returncode, DONE, made.stderr)
        planned = self.run_tombolo("plan", "--sim", "--detailed-exitcode")
        self.assertEqual(planned.returncode, DONE, planned.stdout + planned.stderr)
        self.leaves_nothing()

    def leaves_nothing(self):
        gone = self.run_tombolo("down", "--sim", "--yes", "-o", "json")
        self.assertEqual(gone.returncode, DONE, gone.stdout + gone.stderr)
        self.assertEqual(json.loads(gone.stdout)["left"], [])

    def refuses(self, answer, code, *words):
        """One error, in words, with a next step; not a crash, and no inner names. A run that had begun may add how it ended."""
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        lines = answer.stderr.splitlines()
        errors = [line for line in lines if line.startswith(("error:", "cancelled:"))]
        self.assertLessEqual(len(errors), 2 if "what was done stays" in answer.stderr else 1, answer.stderr)
        self.assertEqual(len(set(errors)), len(errors), "nothing is said twice: " + answer.stderr)
        for word in words:
            self.assertIn(word, answer.stderr)
        self.assertGreater(len(lines), 1, "there is no next step: " + answer.stderr)
        self.assertNotIn("internal", answer.stderr)


class DamagedState(World):
    def test_bytes_of_something_else(self):
        self.state.mkdir(mode=0o700)
        journal = self.state / "journal.db"
        journal.write_bytes(b"this is a letter to my aunt\n" * 200)
        self.refuses(self.up(), FAILED, "journal.db is damaged", "mv ")
        self.assertTrue(journal.read_bytes().startswith(b"this is a letter"), "nothing was overwritten")

    def test_set_aside_as_the_hint_says_loses_nothing(self):
        self.assertEqual(self.up().returncode, DONE)
        journal = self.state / "journal.db"
        content = bytearray(journal.read_bytes())
        content[100:4096] = os.urandom(3996)
        journal.write_bytes(content)
        refused = self.up()
        self.refuses(refused, FAILED, "damaged", "mv ")
        journal.rename(journal.with_suffix(".db.damaged"))
        self.finishes()

    def test_half_of_it(self):
        self.assertEqual(self.up().returncode, DONE)
        journal = self.state / "journal.db"
        os.truncate(journal, journal.stat().st_size // 2)
        self.refuses(self.up(), FAILED, "damaged")
        journal.unlink()
        self.finishes()

    def test_lost_altogether(self):
        self.assertEqual(self.up().returncode, DONE)
        (self.state / "journal.db").unlink()
        self.leaves_nothing()

    def test_status_of_a_damaged_journal_says_so_too(self):
        self.state.mkdir(mode=0o700)
        (self.state / "journal.db").write_bytes(b"x" * 5000)
        self.refuses(self.run_tombolo("status", "--sim"), FAILED, "damaged")


class Permissions(World):
    def test_everything_in_the_folder_is_private(self):
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        self.assertEqual(self.up().returncode, DONE)
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o700)
        for path in self.state.rglob("*"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)

    def test_no_private_key_in_the_journal(self):
        self.assertEqual(self.up().returncode, DONE)
        for name in ("journal.db", "journal.db-wal"):
            if (self.state / name).exists():
                self.assertNotIn(b"PRIVATE KEY", (self.state / name).read_bytes())

    def test_a_read_only_folder(self):
        """A read-only mount where we may mount; otherwise the permissions of the folder above."""
        if os.geteuid() == 0:
            mounted = self.home / "mounted"
            mounted.mkdir()
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", mounted], capture_output=True).returncode != 0:
                self.skipTest("this machine does not let root mount a tmpfs")
            self.addCleanup(subprocess.run, ["umount", mounted])
            state = mounted / "state"
        else:
            above = self.home / "above"
            above.mkdir(mode=0o500)
            state = above / "state"
        self.refuses(self.run_tombolo("up", "--sim", "--yes", "--state", str(state)), FAILED, str(state))

    def test_a_folder_that_is_everybodys(self):
        shared = self.home / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        self.refuses(self.run_tombolo("up", "--sim", "--yes", "--state", str(shared)), BAD_INPUT, "shared by everybody")


class FullDisk(World):
    def limited(self, size):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return limit

    def test_a_limit_on_file_sizes_in_the_middle_of_up(self):
        for size in (0, 1_000, 6_000, 20_000, 60_000):
            with self.subTest(size=size):
                answer = self.up(preexec_fn=self.limited(size))
                if answer.returncode != DONE:
                    self.assertEqual(answer.returncode, FAILED, answer.stderr)
                    self.assertIn("error:", answer.stderr)
        self.finishes()

    def test_a_full_file_system(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small file system")
        small = self.home / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "none", small], capture_output=True).returncode != 0:
            self.skipTest("this machine does not let root mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", small])
        state = small / "state"
        answer = self.run_tombolo("up", "--sim", "--yes", "--state", str(state))
        self.refuses(answer, FAILED, "full")
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        answer = self.run_tombolo("up", "--sim", "--yes", "--state", str(state))
        self.assertEqual(answer.returncode, DONE, answer.stderr)
        answer = self.run_tombolo("down", "--sim", "--yes", "--state", str(state))
        self.assertEqual(answer.returncode, DONE, answer.stderr)


class TwoRuns(World):
    def test_the_second_is_told_who_holds_the_cluster(self):
        self.state.mkdir(mode=0o700)
        # What the program writes into its lock, held by this test.
        with open(self.state / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            json.dump({"pid": os.getpid(), "since": "2026-11-26T01:10:52Z", "command": "up", "host": os.uname().nodename}, lock)
            lock.write("\n")
            lock.flush()
            self.refuses(self.up(), FAILED, "`tombolo up` holds this cluster", f"process {os.getpid()}", "kill -INT")
            looked = self.run_tombolo("status", "--sim")
            self.assertEqual(looked.returncode, DONE, "looking is allowed: " + looked.stderr)
        self.finishes()

    def test_of_many_at_once_none_interleaves(self):
        runs = [self.start_tombolo("up", "--sim", "--yes") for _ in range(4)]
        codes = []
        for run in runs:
            _, error = run.communicate(timeout=120)
            codes.append(run.returncode)
            if run.returncode != DONE:
                self.assertIn("holds this cluster", error)
        self.assertIn(DONE, codes)
        self.finishes()


class Interrupted(World):
    def test_ctrl_c_at_any_moment_loses_nothing(self):
        chance = random.Random(20261126)
        started = time.monotonic()
        self.assertEqual(self.up().returncode, DONE)
        whole = time.monotonic() - started
        self.leaves_nothing()
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for _ in range(4):
                run = self.start_tombolo("up", "--sim", "--yes")
                try:
                    run.wait(chance.uniform(0, whole))
                except subprocess.TimeoutExpired:
                    pass
                run.send_signal(kind)
                _, error = run.communicate(timeout=60)
                allowed = (DONE, CANCELLED, -kind)  # the signal may come before it is listened to, or after the end
                self.assertIn(run.returncode, allowed, error)
        self.finishes()

    def test_a_power_cut_before_any_call_is_resumed(self):
        for at in (1, 2, 3, 5, 8):
            cut = self.up(env={"TOMBOLO_CRASH_AT": str(at)})
            if cut.returncode == DONE:
                break
            self.assertEqual(cut.returncode, 70, cut.stderr)
        self.finishes()


class NoCredentials(World):
    def test_what_was_tried_is_listed(self):
        nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent/config", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials"}
        self.refuses(self.run_tombolo("up", "--yes", env=nowhere), FAILED, "credentials")

    def test_an_offline_plan_needs_none(self):
        nowhere = {"AWS_EC2_METADATA_DISABLED": "true"}
        answer = self.run_tombolo("plan", "--offline", env=nowhere)
        self.assertEqual(answer.returncode, DONE, answer.stderr)


class Backup(World):
    """The CA key's way into an encrypted file and back. Not on the simulated site: no call to AWS is needed for it."""

    def setUp(self):
        super().setUp()
        text = (self.home / "tombolo.yaml").read_text().split("\nsecrets:")[0]
        (self.home / "tombolo.yaml").write_text(text + "\nsecrets:\n  backup: file\n  target: ca-key.backup\n")
        self.environment["TOMBOLO_BACKUP_PASSPHRASE"] = "correct horse battery staple"
        self.nebula = self.home / ".tombolo" / "nebula"
        self.nebula.mkdir(parents=True, mode=0o700)
        self.key = self.nebula / "home-ca.key"
        self.make_authority(self.nebula / "home-ca.crt", self.key)
        self.original = self.key.read_bytes()

    def make_authority(self, certificate, key):
        made = self.run_tombolo("cert", "ca", "--name", "mesh", "--out-crt", str(certificate), "--out-key", str(key))
        self.assertEqual(made.returncode, DONE, made.stderr)

    def back_up(self):
        kept = self.run_tombolo("secrets", "backup")
        self.assertEqual(kept.returncode, DONE, kept.stderr)

    def test_a_lost_key_comes_back(self):
        self.back_up()
        self.assertNotIn(b"NEBULA", (self.home / "ca-key.backup").read_bytes())
        status = json.loads(self.run_tombolo("secrets", "status", "-o", "json").stdout)
        self.assertEqual((status["key"]["present"], status["backup"]["present"]), (True, True))
        self.key.unlink()
        restored = self.run_tombolo("secrets", "restore")
        self.assertEqual(restored.returncode, DONE, restored.stderr)
        self.assertEqual(self.key.read_bytes(), self.original)
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)

    def test_a_second_backup_changes_nothing(self):
        self.back_up()
        again = self.run_tombolo("secrets", "backup", "-o", "json")
        self.assertEqual(json.loads(again.stdout)["changed"], False)

    def test_the_whole_folder_lost_needs_the_certificate(self):
        self.back_up()
        certificate = (self.nebula / "home-ca.crt").read_text()
        shutil.rmtree(self.home / ".tombolo")
        self.refuses(self.run_tombolo("secrets", "restore"), FAILED, "--ca-crt")
        (self.home / "ca.crt").write_text(certificate)
        restored = self.run_tombolo("secrets", "restore", "--ca-crt", "ca.crt")
        self.assertEqual(restored.returncode, DONE, restored.stderr)
        self.assertEqual(self.key.read_bytes(), self.original)

    def test_a_wrong_passphrase_is_named(self):
        self.back_up()
        self.key.unlink()
        answer = self.run_tombolo("secrets", "restore", env={"TOMBOLO_BACKUP_PASSPHRASE": "wrong"})
        self.refuses(answer, FAILED, "passphrase")
        self.assertFalse(self.key.exists())

    def test_without_a_passphrase_the_variable_is_named(self):
        self.refuses(self.run_tombolo("secrets", "backup", env={"TOMBOLO_BACKUP_PASSPHRASE": ""}), BAD_INPUT, "TOMBOLO_BACKUP_PASSPHRASE")

    def test_a_key_that_differs_is_never_overwritten(self):
        self.back_up()
        self.make_authority(self.home / "other.crt", self.home / "other.key")
        other = (self.home / "other.key").read_bytes()
        self.key.write_bytes(other)
        self.refuses(self.run_tombolo("secrets", "restore"), FAILED, "another key")
        self.assertEqual(self.key.read_bytes(), other)
        self.refuses(self.run_tombolo("secrets", "backup"), FAILED)
        shutil.copy(self.home / "other.crt", self.nebula / "home-ca.crt")
        self.refuses(self.run_tombolo("secrets", "backup"), FAILED, "another key", "--replace")

    def test_one_password_without_its_program(self):
        text = (self.home / "tombolo.yaml").read_text().split("\nsecrets:")[0]
        (self.home / "tombolo.yaml").write_text(text + "\nsecrets:\n  backup: 1password\n  target: nebula-ca-key\n")
        nothing = self.home / "bin"
        nothing.mkdir()
        self.refuses(self.run_tombolo("secrets", "backup", env={"PATH": str(nothing)}), FAILED, "is not installed")


if __name__ == "__main__":
    unittest.main()
