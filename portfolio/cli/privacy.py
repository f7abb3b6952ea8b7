"""``portfolio privacy``: what may name people can be erased without making the history untrue."""

from __future__ import annotations

from dataclasses import replace

import click
from sqlalchemy.orm import Session

from portfolio.access.models import SYSTEM
from portfolio.access.service import erase_actor
from portfolio.app import REGISTER
from portfolio.cli.opening import open_register
from portfolio.core.db import Database, WriteContext
from portfolio.exchange.imports import drop_imports
from portfolio.history.erasure import (
    drop_answers,
    erase_field,
    erase_reason,
    raise_homes,
    wipe_remains,
    wipe_while_deleting,
)
from portfolio.history.recorder import ERASE, recorded


@click.group()
def privacy() -> None:
    """Erase personal data; every hash of the history stays true."""


@privacy.command()
@click.option("--actor", metavar="ACTOR", help="Erase the name behind act_… and revoke its keys.")
@click.option("--record", nargs=2, metavar="ENTITY ID", help="Erase a text of one record, now and in its past.")
@click.option("--field", metavar="FIELD", help="With --record: which text, such as internal_note.")
@click.option(
    "--revision", type=click.IntRange(1), help="Erase the reason given for this revision, wherever it stands."
)
@click.option(
    "--ground",
    required=True,
    help="The legal ground; it stands in the history with the number of values, so name nobody.",
)
def erase(
    actor: str | None, record: tuple[str, str] | None, field: str | None, revision: int | None, ground: str
) -> None:
    """Erase one actor's name, one text of one record, or one reason, for ever.

    The past then shows [gelöscht]. Stored answers that could hold what was erased go too: all since it was first
    written; and all files sent in for import. Backups and downloads made before still hold it.
    """
    if sum(given is not None for given in (actor, record, revision)) != 1:
        raise click.ClickException("Name exactly one of --actor, --record ENTITY ID and --revision.")
    if (record is None) != (field is None):
        raise click.ClickException("--record and --field belong together.")
    database = open_register()
    context = WriteContext(actor_id=SYSTEM, via="cli", action=ERASE, reason=ground)
    with database.transaction(context) as session:
        wipe_while_deleting(session)
        count, said = _erase(session, actor, record, field, revision)
        files = drop_imports(session)  # any of them may hold the text or the name
        raise_homes(session, REGISTER)
        # The ground and how many, but not what (HISTORY 3.8).
        session.info["context"] = replace(context, reason=f"{ground} [{count}]")
    written = recorded(session)
    assert written is not None
    click.echo(f"{said} {files} imported files removed. This is revision {written.rev}.")
    _wipe(database)


@privacy.command()
def wipe() -> None:
    """Rewrite the database file without remains of erased texts, where an erasure could not."""
    _wipe(open_register())


def _erase(
    session: Session, actor: str | None, record: tuple[str, str] | None, field: str | None, revision: int | None
) -> tuple[int, str]:
    """How many values went, and what to say of it."""
    if actor is not None:
        keys = erase_actor(session, actor)
        dropped = drop_answers(session, 0)
        return 1, f"Erased the name of {actor}, {keys} keys revoked, {dropped} stored answers removed."
    if record is not None and field is not None:
        found = erase_field(session, *record, field)
        return found.values, f"Erased {found.values} values of {field}, {found.answers} stored answers removed."
    assert revision is not None
    found = erase_reason(session, revision)
    return found.values, f"Erased the reason of revision {revision}, {found.answers} stored answers removed."


def _wipe(database: Database) -> None:
    if not wipe_remains(database):
        raise click.ClickException(
            "Somebody reads or writes all the time, so remains may still stand in the database file; "
            "run `portfolio privacy wipe` in a quiet moment."
        )
    if database.is_sqlite:
        click.echo("The database file holds no remains of it.")
    else:
        click.echo("Have the owner of the tables run VACUUM FULL, so that the files hold no dead rows of it.")
