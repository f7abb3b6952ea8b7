"""``portfolio key``: who may write."""

from __future__ import annotations

from datetime import timedelta

import click
import sqlalchemy as sa

from portfolio.access import service
from portfolio.access.models import SYSTEM, ApiKey
from portfolio.access.policy import ROLES
from portfolio.cli.opening import open_register
from portfolio.core import sources
from portfolio.core.dates import format_instant
from portfolio.core.db import Database, WriteContext
from portfolio.core.logs import configure_security, security_event
from portfolio.core.settings import read_settings
from portfolio.organisations.models import Organisation


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command("create")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="editor, approver: one ministry's projects; coordinator: all; auditor: reads all; admin: accounts and keys.",
)
@click.option("--organisation", help="With --role editor or approver: the ministry it is for, such as MUNV.")
@click.option("--name", required=True, help="Who holds the key.")
@click.option("--days", type=click.IntRange(1, 3650), help="Valid for so many days; without it until revoked.")
def create_key(role: str, organisation: str | None, name: str, days: int | None) -> None:
    """Make a key and print it, the only time it can be seen."""
    if not name.strip():
        raise click.ClickException("A key needs a holder; give --name.")
    database = open_register()
    expires_at = sources.now() + timedelta(days=days) if days else None
    with database.transaction(_context("key.create")) as session:
        if organisation is not None:
            known = session.scalar(sa.select(Organisation.id).where(Organisation.code == organisation))
            if known is None:
                raise click.ClickException(f"There is no organisation {organisation!r} in the register.")
        made = service.create_key(session, role=role, name=name, organisation=organisation, expires_at=expires_at)
    _log("key_created", made.key)
    click.echo(f"{role} key: {made.secret}")


@key.command("list")
def list_keys() -> None:
    """Show every key by its first characters: role, holder, and whether it is good."""
    with open_register().snapshot() as session:
        for found, name in service.list_keys(session):
            until = f" until {format_instant(found.expires_at)}" if found.expires_at else ""
            made = f"made {format_instant(found.created_at)[:10]}"
            used = f"used {format_instant(found.last_used_at)}" if found.last_used_at else "never used"
            state = f"{service.state_of(found.revoked_at, found.expires_at)}{until}, {made}, {used}"
            click.echo(f"{found.prefix}…  {found.role:12} {found.organisation or '-':8} {state}  {name}")


@key.command("revoke")
@click.argument("prefix")
def revoke_key(prefix: str) -> None:
    """Make the key that begins with PREFIX useless from now on. PREFIX is what `portfolio key list` shows."""
    with open_register().transaction(_context("key.revoke")) as session:
        found = service.key_by_prefix(session, prefix.removesuffix("…"))
        service.revoke_key(session, found)
    _log("key_revoked", found)
    click.echo(f"{found.prefix}… is revoked.")


def ensure_coordinator(database: Database) -> str | None:
    """A coordinator's key where there is no key at all yet; None where there is one."""
    with database.snapshot() as session:
        if service.has_keys(session):
            return None  # without a write, which a log that lost something would refuse
    with database.transaction(_context("key.create")) as session:
        if service.has_keys(session):
            return None
        return service.create_key(session, role="coordinator", name="local coordinator").secret


def _log(event: str, key: ApiKey) -> None:
    configure_security(read_settings().security_log)
    security_event(event, key=key.prefix, role=key.role, actor=SYSTEM)


def _context(action: str) -> WriteContext:
    return WriteContext(actor_id=SYSTEM, via="cli", action=action)
