#!/usr/bin/env python3
"""One command on a fresh machine: Python 3.11 or newer and nothing else. The standard library only.

    python3 dev.py run              prepare everything and serve the register
    python3 dev.py test [ARGS]      prepare everything and run the tests (SQLite and PostgreSQL)
    python3 dev.py check            lint, types, import contracts, migration and document drift
    python3 dev.py fuzz             the fuzz targets guided by coverage, 15 s each
    python3 dev.py contract         schemathesis against a running server, for each role
    python3 dev.py node             what needs Node.js: lint of the document, clients in examples/, sign-in
    python3 dev.py openapi          the document in openapi/, with its examples
    python3 dev.py cli ARGS         the command `portfolio`
    python3 dev.py lint | types | bench | lock | prepare | clean

Everything is installed into .venv from the hash-locked requirement files, and only when they change.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / ".stamp"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-ci.lock", "requirements-bench.lock")
"""To run it, to test it, what only the CI run needs beside, and the peers that `bench` measures it with; each holds the
one before, in the same versions."""
SERVING, TESTING, PROBING, MEASURING = range(4)
LEVELS = {
    **dict.fromkeys(("run", "cli"), SERVING),
    **dict.fromkeys(("fuzz", "contract", "node"), PROBING),
    "bench": MEASURING,
}
"""How much of it a command needs; by default what the tests do."""


def fail(sentence: str) -> NoReturn:
    sys.exit(f"dev.py: {sentence}")


def require_python() -> None:
    """Go on with a newer Python where `python3` is an old one and a newer stands beside it."""
    if sys.version_info >= (3, 11):  # noqa: UP036 (this file is what tells the others)
        return
    for minor in (13, 12, 11):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "-c", "import venv"], capture_output=True).returncode == 0:
            os.execv(found, [found, *sys.argv])
    fail(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Elsewhere? make PYTHON=/path/to/python3 …")


def prepare(level: int) -> None:
    """Make .venv, or bring it up to date; a half-made one is made anew."""
    if _is_ready(level):
        return
    with _alone():
        if not _is_ready(level):
            _install(level)


def _is_ready(level: int) -> bool:
    return _fingerprint(LOCKS[level]) in _installed()


def _installed() -> list[str]:
    """The fingerprints of what .venv holds; none if it is broken, or was never finished."""
    return STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []


def _fingerprint(lock: str) -> str:
    """The Python, the folder (an environment does not survive a move) and the packages."""
    return hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode() + (ROOT / lock).read_bytes()).hexdigest()


def _install(level: int) -> None:
    if _fingerprint(LOCKS[SERVING]) not in _installed():
        shutil.rmtree(VENV, ignore_errors=True)
        _make_venv()
    lock = LOCKS[level]
    print(f"dev.py: installing {lock} into .venv …", file=sys.stderr, flush=True)
    STAMP.unlink(missing_ok=True)
    if _pip(PYTHON, "--require-hashes", "-r", lock):
        fail("the installation failed; is a package index reachable?")
    _link_package()
    STAMP.write_text("\n".join(_fingerprint(name) for name in LOCKS[: level + 1]))


@contextmanager
def _alone() -> Iterator[None]:
    """One preparation at a time: `make run` and `make test` may start together in two terminals."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(__file__, "rb") as this_file:
        fcntl.flock(this_file, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        said = made.stdout + made.stderr
        if "ensurepip" in said or "No module named venv" in said:
            fail("this Python cannot make environments; on Debian or Ubuntu: sudo apt install python3-venv")
        fail(f"no environment could be made: {said.strip()}")


def _pip(python: Path, *what: str) -> int:
    quiet = ("-qq", "--disable-pip-version-check", "--no-input")
    # The warning about root does not hold inside an environment.
    return run(str(python), "-m", "pip", "install", *quiet, "--root-user-action=ignore", *what)


def _link_package() -> None:
    """Install the project itself in place: a path file and the console script need no build tool."""
    purelib = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = subprocess.run([str(PYTHON), "-c", purelib], capture_output=True, text=True, check=True).stdout.strip()
    Path(site, "portfolio-register.pth").write_text(f"{ROOT}\n")
    script = PYTHON.parent / ("portfolio.py" if WINDOWS else "portfolio")
    script.write_text(f"#!{PYTHON}\nfrom portfolio.cli.main import main\n\nmain()\n")
    script.chmod(0o755)


def run(*command: str, **settings: str) -> int:
    """What is installed in .venv is found first: Node.js too, which requirements-ci.lock brings."""
    path = os.pathsep.join((str(PYTHON.parent), os.environ.get("PATH", os.defpath)))
    return subprocess.run(list(command), cwd=ROOT, env={**os.environ, "PATH": path, **settings}).returncode


def test(*arguments: str) -> int:
    """The whole suite, one process per core: more than eight PostgreSQL servers help nobody."""
    workers = os.environ.get("WORKERS") or str(min(max(os.cpu_count() or 2, 2), 8))
    return run(str(PYTHON), "-m", "pytest", "-n", workers, "--dist", "worksteal", *arguments)


def check() -> int:
    """Every check that is no test; all of them run, the first failure decides the exit code."""
    python = str(PYTHON)
    steps = (
        (python, "-m", "ruff", "check", "."),
        (python, "-m", "ruff", "format", "--check", "."),
        (python, "-m", "mypy"),
        (str(PYTHON.parent / "lint-imports"), "--no-cache"),
        (python, "-m", "portfolio", "db", "upgrade"),
        (python, "-m", "portfolio", "db", "check"),
        (python, "-m", "portfolio", "openapi", "check"),
        (python, "-m", "portfolio", "openapi", "compare"),
    )
    codes = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = f"sqlite:///{folder}/fresh.sqlite"
        for step in steps:
            print("dev.py:", *(Path(part).name for part in step), flush=True)
            codes.append(run(*step, PORTFOLIO_DATABASE_URL=fresh, PORTFOLIO_MIGRATION_URL=fresh))
    return next((code for code in codes if code), 0)


def bench(*arguments: str) -> int:
    """The register beside its peers, into benchmarks/RESULTS.md, then the verifier; QUICK=1: what CI watches of it."""
    if os.environ.get("QUICK", "0") not in ("", "0"):
        return _benchmark("side_by_side", *arguments)
    return _benchmark("side_by_side", "--write", *arguments) or _benchmark("verify")


def _benchmark(part: str, *arguments: str) -> int:
    with tempfile.TemporaryDirectory() as folder:  # not the data of the register in this folder
        return run(str(PYTHON), "-W", "ignore", "-m", f"benchmarks.{part}", *arguments, PORTFOLIO_DATA_DIR=folder)


def fuzz(seconds: str = "15") -> int:
    """Each target of tests/fuzz for so many seconds; the first that fails decides the exit code."""
    probe = subprocess.run([str(PYTHON), "-c", "import atheris"], capture_output=True)
    if probe.returncode:
        print("dev.py: fuzzing is left out: there is no atheris for this machine and Python (Linux, 3.11 or 3.12).")
        return 0
    listed = "from tests.fuzz.targets import TARGETS; print(*TARGETS)"
    names = subprocess.run([str(PYTHON), "-c", listed], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = (f"-max_total_time={seconds}", "-max_len=4096", "-timeout=5", "-rss_limit_mb=2048", "-verbosity=0")
    code = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names.split():
            print(f"dev.py: fuzzing {name} for {seconds} s", flush=True)
            command = (str(PYTHON), "-W", "ignore", "-m", "tests.fuzz.run", name, *options)
            code = code or run(*command, f"-artifact_prefix={folder}/", "-print_final_stats=1")
    return code


def contract() -> int:
    """What schemathesis finds between the document and a running server."""
    return run(str(PYTHON), "-m", "tests.contract.run")


def node(*arguments: str) -> int:
    """The tests that need Node.js: the document's lint, the clients of examples/, sign-in at an identity provider."""
    for folder in ("tests/contract/lint", "examples/typescript", "tests/access/provider"):
        npm = (str(PYTHON.parent / "npm"), "ci", "--loglevel=error", "--prefix", folder)
        # The wheel's Node.js brings its own list of authorities; the machine's may hold one more (a company's proxy).
        if code := run(*npm, NODE_USE_SYSTEM_CA="1"):
            return code
    tests = ("tests/contract/test_lint.py", "tests/clients", "tests/access/test_oidc_provider.py")
    return run(str(PYTHON), "-m", "pytest", *tests, *arguments)


def openapi() -> int:
    """The document, after its examples were taken anew from a running register."""
    recorded = run(str(PYTHON), "-m", "tests.contract.examples")
    return recorded or run(str(PYTHON), "-m", "portfolio", "openapi", "write")


def lock(*options: str) -> int:
    """Write the requirement files anew (``lock --upgrade``: newest versions), with hashes and without addresses."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, *PYTHON.relative_to(VENV).parts)
        if run(sys.executable, "-m", "venv", folder) or _pip(python, "uv"):
            return 1
        compile_ = (str(python), "-m", "uv", "pip", "compile", "--universal", "--generate-hashes")
        common = ("--python-version", "3.11", "--no-header", "--quiet", "pyproject.toml", *options)
        names = ("dev", "ci", "bench")
        extras = [tuple(part for name in names[:level] for part in ("--extra", name)) for level in range(len(LOCKS))]
        # From the largest: its versions are the constraints of the others.
        for name, extra in reversed(list(zip(LOCKS, extras, strict=True))):
            held = () if name == LOCKS[-1] else ("--constraint", LOCKS[-1])
            if code := run(*compile_, *common, *extra, *held, "-o", name):
                return code
        return 0


def clean() -> int:
    shutil.rmtree(VENV, ignore_errors=True)
    return 0


def serve(*arguments: str) -> int:
    """Become the server, so that a signal to this process reaches it."""
    command = [str(PYTHON), "-m", "portfolio", "run", *arguments]
    if not WINDOWS:
        os.chdir(ROOT)
        os.execv(command[0], command)
    return run(*command)


def main() -> None:
    what, *rest = sys.argv[1:] or ["help"]
    python = str(PYTHON)
    commands: dict[str, Callable[[], int]] = {
        "run": lambda: serve(*rest),
        "test": lambda: test(*rest),
        "check": check,
        "lint": lambda: run(python, "-m", "ruff", "check", "."),
        "types": lambda: run(python, "-m", "mypy"),
        "fuzz": lambda: fuzz(*rest),
        "contract": contract,
        "node": lambda: node(*rest),
        "bench": lambda: bench(*rest),
        "openapi": openapi,
        "cli": lambda: run(python, "-m", "portfolio", *rest),
        "lock": lambda: lock(*rest),
        "prepare": lambda: 0,
        "clean": clean,
    }
    if what not in commands:
        sys.exit(__doc__)
    require_python()
    if what not in ("lock", "clean"):
        prepare(LEVELS.get(what, TESTING))
    try:
        code = commands[what]()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
