"""The command ``portfolio``, each time a process of its own, without loading the program anew each time."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SECONDS = 120
# Loads the program once; each line then becomes a process like the one `python -m portfolio` would be.
_LOADED = """
import json, os, signal, sys
from portfolio.cli.main import main
for line in sys.stdin:
    call = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(call["seconds"])
        for number, name in enumerate(("/dev/null", call["out"], call["err"])):
            os.dup2(os.open(name, os.O_RDWR), number)
        os.environ.clear()
        os.environ.update(call["environment"])
        sys.argv = ["portfolio", *call["words"]]
        sys.exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def run_command(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What ``portfolio`` with these words said, and how it ended.

    :param environment: all of it; without, that of the test. A command that takes two minutes is stopped.
    """
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        call = {
            "words": words,
            "out": out.name,
            "err": err.name,
            "environment": dict(os.environ if environment is None else environment),
            "seconds": _SECONDS,
        }
        loaded = _loaded()
        assert loaded.stdin
        assert loaded.stdout
        loaded.stdin.write(json.dumps(call) + "\n")
        loaded.stdin.flush()
        code = int(loaded.stdout.readline())
        said, told = (Path(file.name).read_text(encoding="utf-8") for file in (out, err))
    return subprocess.CompletedProcess(words, code, said, told)


@cache
def _loaded() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _LOADED]
    started = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end() -> None:
        started.communicate(timeout=20)

    atexit.register(end)
    return started
