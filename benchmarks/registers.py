"""A register to measure: the real projects, a signing key, and a coordinator's key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from portfolio.access.service import create_key
from portfolio.app import open_database
from portfolio.cli.database import upgrade_database
from portfolio.cli.log import ensure_log_key
from portfolio.core.db import WriteContext
from portfolio.core.settings import Settings, read_settings
from portfolio.exchange.seed import load_seed


def settings_in(folder: Path, url: str) -> Settings:
    """Settings of a register whose files lie in ``folder``."""
    return replace(
        read_settings(),
        database_url=url,
        migration_url=url,
        data_dir=folder,
        log_key=folder / "log.key",
        checkpoint_dir=folder / "checkpoints",
    )


def prepare(settings: Settings) -> str:
    """Migrate and load the register of ``settings``; the secret of a coordinator."""
    upgrade_database(settings)
    database = open_database(settings)
    load_seed(database)
    ensure_log_key(database, settings)
    with database.transaction(WriteContext("act_system", "cli", "key.create")) as session:
        secret = create_key(session, role="coordinator", name="bench").secret
    database.dispose()
    return secret
