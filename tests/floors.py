#!/usr/bin/env python3
"""The house's laws, read from the files themselves: run by ctest, or by hand: tests/floors.py.

  floors      a file includes files of its own folder and of the rooms below it that MAY_USE names
  libraries   only the named files include a third-party library's headers
  headers     begin with a sentence that says what they are for, then #pragma once
  length      no file of code is longer than LIMIT lines; LONG_FILES may only shrink
  words       no unfinished business (WORDS), no path of somebody's machine

With --prove the script first checks itself: every law must find a fault planted for it.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

LIMIT = 400
LONG_FILES = {}  # path: lines. Nothing may be added; a file that got shorter must be lowered or leave.

MAY_USE = {
    "base": "",
    "codec": "base",
    "crypto": "base",
    "net": "base codec crypto",
    "store": "base codec crypto net",
    "spec": "base codec",
    "nebula": "base codec crypto",
    "aws": "base codec crypto net",
    "kube": "base codec crypto net",
    "cloudinit": "base codec crypto",
    "liqo": "base codec crypto net kube",
    "engine": "base codec store",
    "cluster": "base codec crypto net store spec nebula aws kube cloudinit liqo engine mesh",
    "burst": "base codec crypto net store spec nebula aws kube cloudinit liqo engine",
    "mesh": "base codec crypto net nebula",
    "sim": "base codec crypto net store spec nebula aws kube cloudinit liqo engine cluster burst mesh",
    "doctor": "base codec crypto net store spec nebula aws kube cloudinit liqo engine cluster burst mesh",
    "dashboard": "base codec crypto net store spec nebula aws kube cloudinit liqo engine cluster burst mesh",
    "cli": "base codec crypto net store spec nebula aws kube cloudinit liqo engine cluster burst mesh sim doctor dashboard",
}

# header pattern: (paths that may include it, reason)
LIBRARIES = {
    r"openssl/": (r"src/crypto/", "keys live in one room"),
    r"argon2\.h": (r"src/crypto/", "keys live in one room"),
    r"curl/": (r"src/net/", "one way out to the network"),
    r"libssh/": (r"src/net/", "one way out to the network"),
    r"boost/(asio|beast)": (r"src/net/", "one way out to the network; half a minute to compile, too"),
    r"httplib\.h": (r"src/net/", "one way in from the network; it also costs half a minute to compile"),
    r"sqlite3\.h": (r"src/store/", "one file of state"),
    r"yaml\.h": (r"src/codec/", "one decoder of YAML"),
    r"pugixml\.hpp": (r"src/codec/", "one decoder of XML"),
    r"zlib\.h": (r"src/codec/", "one decoder of gzip"),
    r"spdlog/": (r"src/base/[a-z_]+\.cpp$", "logging is one file's business"),
    r"benchmark/": (r"bench/", "benchmarks stand apart"),
    r"(gtest|gmock|rapidcheck)": (r"(src/.*test(_support)?\.(cpp|hpp)$|tests/)", "tests stand beside the code, not in it"),
}
ONE_FILE_ONLY = [r"spdlog/"]

WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|Users)/")
CODE = {".cpp", ".hpp", ".py", ".sh", ".cmake"}
TEXT = CODE | {".md", ".txt", ".yaml", ".yml", ".json", ".tf", ""}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)


def tracked(root):
    """Every file of the tree that git knows or would add; every file where there is no git."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = git.stdout.split("\n") if git.returncode == 0 else [
        str(p.relative_to(root)) for p in root.rglob("*") if not p.parts[len(root.parts)].startswith((".", "build"))]
    return sorted(n for n in names if n and (root / n).is_file())


def include_faults(name, text, users):
    room = name.split("/")[1] if name.count("/") >= 2 and name.startswith("src/") else None
    allowed = {room, *MAY_USE.get(room, "").split()} if room else set(MAY_USE)
    for quote, header in INCLUDE.findall(text):
        if quote == '"' and name.startswith("src/"):
            if "/" not in header:
                yield f'{name}: write the folder: #include "{header}"'
            elif header.split("/")[0] not in allowed:
                yield f"{name}: {room} may not use {header.split('/')[0]} ({header})"
        for pattern, (where, reason) in LIBRARIES.items():
            if re.match(pattern, header):
                users.setdefault(pattern, set()).add(name)
                if not re.match(where, name):
                    yield f"{name}: only {where} may include {header}: {reason}"


def header_faults(name, text):
    lines = text.split("\n")
    if not lines[0].startswith("// "):
        yield f"{name}: the first line says what the header is for"
    first_code = next((line for line in lines if line and not line.startswith("//")), "")
    if first_code != "#pragma once":
        yield f"{name}: #pragma once follows the first comment"


def length_faults(name, text):
    lines, limit = text.count("\n"), LONG_FILES.get(name, LIMIT)
    if lines > limit:
        yield f"{name}: {lines} lines; past {limit} it has two reasons to change: divide it"
    elif name in LONG_FILES and lines < limit:
        yield f"{name}: {lines} lines now: lower its entry in LONG_FILES (or take it out)"


def word_faults(name, text):
    if name == "tests/floors.py":
        return
    for number, line in enumerate(text.split("\n"), 1):
        if WORDS.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()[:80]}"
        if MACHINE_PATHS.search(line):
            yield f"{name}:{number}: a path of somebody's machine: {line.strip()[:80]}"


def faults(root):
    users = {}
    names = tracked(root)
    for name in names:
        suffix = pathlib.PurePath(name).suffix
        if suffix not in TEXT:
            continue
        try:
            text = (root / name).read_text()
        except UnicodeDecodeError:
            continue
        yield from word_faults(name, text)
        generated = name.startswith(("tests/data/", "tests/fuzz/corpus/"))
        if suffix in CODE and not generated:
            yield from length_faults(name, text)
        if suffix in (".cpp", ".hpp"):
            yield from include_faults(name, text, users)
        if suffix == ".hpp":
            yield from header_faults(name, text)
    for pattern in ONE_FILE_ONLY:
        if len(users.get(pattern, ())) > 1:
            yield f"{pattern} is included by more than one file: {', '.join(sorted(users[pattern]))}"
    for name in LONG_FILES:
        if name not in names:
            yield f"{name} is gone: take it out of LONG_FILES"
    for folder in sorted({n.split("/")[1] for n in names if n.startswith("src/") and n.count("/") >= 2}):
        if folder not in MAY_USE:
            yield f"src/{folder}: a room without a floor; add it to MAY_USE and to src/README.md"


PLANTED = {
    "src/codec/a.cpp": ('#include "aws/ec2.hpp"\n', "codec may not use aws"),
    "src/aws/a.cpp": ('#include "spec/cluster.hpp"\n', "aws may not use spec"),
    "src/aws/b.cpp": ("#include <openssl/evp.h>\n", "only src/crypto/ may include"),
    "src/engine/a.cpp": ('#include "cluster/kinds.hpp"\n', "engine may not use cluster"),
    "src/base/one.cpp": ("#include <spdlog/spdlog.h>\n", "more than one file"),
    "src/base/two.cpp": ("#include <spdlog/spdlog.h>\n", "more than one file"),
    "src/base/a.hpp": ("#pragma once\n", "what the header is for"),
    "src/base/b.hpp": ("// Good.\nint x;\n", "#pragma once follows"),
    "src/base/c.cpp": ("\n" * (LIMIT + 1), "divide it"),
    "src/base/d.cpp": ("// TO" + "DO: finish\n", "unfinished"),
    "docs/a.md": ("see /ro" + "ot/x\n", "somebody's machine"),
    "src/attic/a.cpp": ("int x;\n", "a room without a floor"),
    "src/net/a.cpp": ("#include <gtest/gtest.h>\n", "tests stand beside"),
    "src/net/b.cpp": ('#include "transport.hpp"\n', "write the folder"),
}


def prove():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = list(faults(root))
    return [f"planted in {name}, not found: {words}" for name, (_, words) in PLANTED.items()
            if not any(words in f for f in found)]


def main():
    found = prove() if "--prove" in sys.argv else []
    found += faults(pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "the house stands: no fault found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
