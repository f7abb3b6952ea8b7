"""Typed settings from the environment; a wrong one stops the start with a sentence that says what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import marshmallow as ma
import sqlalchemy as sa
from environs import EnvError, FileAwareEnv

_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,199}")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and what it may be."""


@dataclass(frozen=True)
class Settings:
    """Everything that steers one running register."""

    database_url: str
    migration_url: str
    data_dir: Path
    host: str
    port: int
    log_origin: str
    threads: int
    statement_timeout_ms: int
    log_key: Path
    checkpoint_dir: Path
    checkpoint_seconds: float


def _normalised(url: str, name: str) -> str:
    # SQLAlchemy 2.0 and 2.1 differ in the driver of a bare postgresql:// address.
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            url = "postgresql+psycopg://" + url.removeprefix(short)
    try:
        parts = sa.make_url(url)
        backend = parts.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise SettingsError(f"{name} is not a database address; use sqlite:///FILE or postgresql://…") from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"{name} names {backend!r}; the register runs on sqlite and postgresql.")
    if backend == "sqlite" and parts.database in (None, "", ":memory:"):
        raise SettingsError(f"{name} names no file; the embedded database is a file: sqlite:///FILE.")
    return url


def _range(smallest: float, largest: float) -> ma.validate.Range:
    kind = "whole number" if isinstance(smallest, int) else "number"
    return ma.validate.Range(smallest, largest, error=f"Give a {kind} from {smallest} to {largest}.")


def read_settings() -> Settings:
    """The settings of this process.

    :raises SettingsError: a variable is wrong, in one sentence.
    """
    env = FileAwareEnv(prefix="PORTFOLIO_")
    try:
        data_dir = Path(env.str("DATA_DIR", "./.data")).expanduser()
        default_url = f"sqlite:///{(data_dir / 'portfolio.sqlite').absolute()}"
        database_url = _normalised(env.str("DATABASE_URL", default_url), "PORTFOLIO_DATABASE_URL")
        origin = env.str("LOG_ORIGIN", "portfolio.example/log")
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError("PORTFOLIO_LOG_ORIGIN is a name like portfolio.example/log, without spaces.")
        return Settings(
            database_url=database_url,
            migration_url=_normalised(env.str("MIGRATION_URL", database_url), "PORTFOLIO_MIGRATION_URL"),
            data_dir=data_dir,
            host=env.str("HOST", "127.0.0.1") or "127.0.0.1",
            port=env.int("PORT", 8000, validate=_range(1, 65535)),
            log_origin=origin,
            threads=env.int("THREADS", 16, validate=_range(1, 256)),
            statement_timeout_ms=env.int("STATEMENT_TIMEOUT_MS", 30_000, validate=_range(100, 600_000)),
            log_key=Path(env.str("LOG_KEY", str(data_dir / "log.key"))).expanduser(),
            checkpoint_dir=Path(env.str("CHECKPOINT_DIR", str(data_dir / "checkpoints"))).expanduser(),
            checkpoint_seconds=env.float("CHECKPOINT_SECONDS", 60.0, validate=_range(0.2, 60)),
        )
    except EnvError as error:
        # Of a value out of range environs shows Python's list of messages.
        said = str(error).replace("['", "").replace("']", "")
        raise SettingsError(f"{said} Correct the variable and start again.") from None
