#!/usr/bin/env python3
"""One command on a fresh machine: Python 3.11 or newer and nothing else. The standard library only.

    python3 dev.py run              prepare everything and serve the register
    python3 dev.py test [ARGS]      prepare everything and run the tests (SQLite and PostgreSQL)
    python3 dev.py check            lint, types, import contracts, migration and document drift
    python3 dev.py cli ARGS         the command `portfolio`
    python3 dev.py bench | openapi | lock | clean

Everything is installed into .venv from the hash-locked requirement files, and only when they change.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".stamp"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
INPUTS = ("pyproject.toml", "requirements.lock", "requirements-dev.lock")


def fail(sentence: str) -> None:
    sys.exit(f"dev.py: {sentence}")


def prepare(dev: bool) -> None:
    """Make .venv, or bring it up to date; a half-made one is made anew."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this file is what tells the others)
        fail(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 …")
    wanted = _fingerprint()
    have = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    if have[:1] == [wanted] and ("dev" in have or not dev):
        return
    if have[:1] != [wanted]:
        shutil.rmtree(VENV, ignore_errors=True)
        _make_venv()
    lock = "requirements-dev.lock" if dev else "requirements.lock"
    print(f"dev.py: installing {lock} into .venv …", file=sys.stderr, flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]
    if subprocess.run([*pip, "--require-hashes", "-r", lock], cwd=ROOT).returncode:
        fail("the installation failed; is a package index reachable?")
    _link_package()
    STAMP.write_text(f"{wanted} {'dev' if dev else ''}")


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        said = made.stdout + made.stderr
        if "ensurepip" in said:
            fail("this Python cannot make environments; on Debian or Ubuntu: sudo apt install python3-venv")
        fail(f"no environment could be made: {said.strip()}")


def _link_package() -> None:
    """Install the project itself in place: a path file and the console script need no build tool."""
    site = subprocess.run(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    Path(site, "portfolio-register.pth").write_text(f"{ROOT}\n")
    script = VENV / ("Scripts/portfolio.py" if os.name == "nt" else "bin/portfolio")
    script.write_text(f"#!{PYTHON}\nfrom portfolio.cli.main import main\n\nmain()\n")
    script.chmod(0o755)


def run(*command: str) -> int:
    return subprocess.run(list(command), cwd=ROOT).returncode


def check() -> int:
    """Every check that is no test; all of them run, the first failure decides the exit code."""
    python = str(PYTHON)
    steps = (
        (python, "-m", "ruff", "check", "."),
        (python, "-m", "ruff", "format", "--check", "."),
        (python, "-m", "mypy"),
        (str(VENV / "bin" / "lint-imports"),),
        (python, "-m", "portfolio", "openapi", "check"),
    )
    codes = []
    for step in steps:
        print(f"dev.py: {' '.join(Path(part).name for part in step)}", flush=True)
        codes.append(run(*step))
    return next((code for code in codes if code), 0)


def lock() -> int:
    """Write the requirement files anew, with hashes for every platform and no addresses."""
    compile_ = (
        str(PYTHON),
        "-m",
        "uv",
        "pip",
        "compile",
        "--universal",
        "--generate-hashes",
        "--python-version",
        "3.11",
    )
    common = ("--no-header", "--quiet", "pyproject.toml")
    if run(str(PYTHON), "-m", "pip", "install", "--quiet", "uv"):
        return 1
    return run(*compile_, *common, "-o", "requirements.lock") or run(
        *compile_, *common, "--extra", "dev", "-o", "requirements-dev.lock"
    )


def main() -> None:
    what, *rest = sys.argv[1:] or ["help"]
    python = str(PYTHON)
    if what == "run":
        prepare(dev=False)
        os.chdir(ROOT)
        if os.name == "nt":
            sys.exit(run(python, "-m", "portfolio", "run", *rest))
        os.execv(python, [python, "-m", "portfolio", "run", *rest])
    if what == "clean":
        shutil.rmtree(VENV, ignore_errors=True)
        return
    commands = {
        "test": lambda: run(python, "-m", "pytest", "-n", os.environ.get("WORKERS", "2"), "--dist", "worksteal", *rest),
        "check": check,
        "lint": lambda: run(python, "-m", "ruff", "check", "."),
        "types": lambda: run(python, "-m", "mypy"),
        "bench": lambda: run(python, "-m", "benchmarks.first", *rest),
        "openapi": lambda: run(python, "-m", "portfolio", "openapi", "write"),
        "lock": lock,
        "cli": lambda: run(python, "-m", "portfolio", *rest),
        "prepare": lambda: 0,
    }
    if what not in commands:
        sys.exit(__doc__)
    prepare(dev=what != "cli")
    sys.exit(commands[what]())


if __name__ == "__main__":
    main()
