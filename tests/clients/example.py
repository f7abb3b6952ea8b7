"""A copy of an example beside the document of the running code, driven by the commands of its README."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = Path(sys.executable).parent
"""Node.js and the generator, where requirements-ci.lock is installed."""
MADE = shutil.ignore_patterns("node_modules", "build", "portfolio_client", "openapi.d.ts", "*cache*")


class Example:
    """One of ``examples/``, in a folder of its own."""

    def __init__(self, name: str, house: Path) -> None:
        self.source, self.folder = ROOT / "examples" / name, house / "examples" / name
        shutil.copytree(self.source, self.folder, ignore=MADE)
        if (self.source / "node_modules").is_dir():
            (self.folder / "node_modules").symlink_to(self.source / "node_modules")
        self.install, self.generate, self.check, self.story = _commands(self.folder / "README.md")

    def run(self, command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(TOOLS), os.environ["PATH"]))
        return subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env={**os.environ, "PATH": path, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )


def _commands(readme: Path) -> list[str]:
    """The four lines to type: install, generate, check, and the story without its settings."""
    block = re.search(r"^```\n(.+?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    assert block, readme
    return [re.sub(r"^PORTFOLIO_URL=\S+ PORTFOLIO_KEY=\S+ ", "", line) for line in block[1].splitlines()]
