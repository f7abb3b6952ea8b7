"""``portfolio export`` and ``portfolio import``: the officer's workbook at the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from portfolio.access.guard import FULL_VIEW
from portfolio.access.models import SYSTEM
from portfolio.cli.opening import open_register
from portfolio.core.db import WriteContext
from portfolio.exchange.export import write_csv, write_workbook
from portfolio.exchange.imports import ALL, VALID_ROWS, Sent, apply, compare, import_of, preview, unpacked
from portfolio.exchange.models import Import
from portfolio.exchange.rows import chosen_projects
from portfolio.exchange.sheets import BY_KEY
from portfolio.exchange.upload import LARGEST_UPLOAD
from portfolio.history.reading import open_reading
from portfolio.history.recorder import recorded

_SHOWN = 50
"""Lines of each kind that are printed; the workbook with marks has all of them."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ministry", multiple=True, metavar="CODE", help="Only projects it leads today; repeatable.")
@click.option("--project", multiple=True, metavar="SLUG", help="Only these projects; repeatable.")
@click.option("--sheet", type=click.Choice(list(BY_KEY)), help="Write this sheet alone, as CSV.")
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True, help="Of all titles.")
@click.option("--demo", is_flag=True, help="With demonstration projects.")
def export(
    file: Path, ministry: tuple[str, ...], project: tuple[str, ...], sheet: str | None, language: Any, demo: bool
) -> None:
    """Write projects into FILE as a workbook, to be edited in Excel and imported again."""
    query = {"lead_ministry": [*ministry], "project": [*project], "include_demo": demo}
    with open_reading(open_register()) as moment, file.open("w+b") as target:
        slugs = chosen_projects(moment, query)
        if sheet is not None:
            german = language == "de"
            write_csv(target, sheet=BY_KEY[sheet], moment=moment, view=FULL_VIEW, slugs=slugs, german=german)
        else:
            write_workbook(target, moment, FULL_VIEW, slugs, language=language, waiting=())
    click.echo(f"Wrote {len(slugs)} projects of revision {moment.revision} into {file}.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "applies", is_flag=True, help="Apply what was found; without it nothing changes.")
@click.option("--mode", type=click.Choice([ALL, VALID_ROWS]), default=ALL, show_default=True, help="All, or good rows.")
@click.option("--sheet", type=click.Choice(list(BY_KEY)), help="The sheet that a CSV file holds.")
@click.option("--reason", help="Why; needed for some changes, kept in the history.")
@click.pass_context
def import_file(
    context: click.Context, file: Path, applies: bool, mode: str, sheet: str | None, reason: str | None
) -> None:
    """Show what FILE (a workbook or CSV) would change and what is wrong in it; with --apply, change it.

    Ends with 1 where the file has faults or conflicts.
    """
    database = open_register()
    with file.open("rb") as source:
        sent = Sent(source.read(LARGEST_UPLOAD + 1), file.name, sheet)
    with open_reading(database) as moment:
        compared = compare(moment, FULL_VIEW, sent, SYSTEM)
    rows = len(compared.plan.rows)
    with database.transaction(_context("imports.create", reason)) as session:
        with _bar("Trying", rows) as step:
            kept = preview(
                session, compared, sent, _permit, view=FULL_VIEW, actor_id=SYSTEM, reason=reason, progress=step
            )
        import_id = kept.id
    _print(kept)
    if applies:
        with database.transaction(_context("imports.apply", reason)) as session:
            kept = import_of(session, import_id, SYSTEM, lock=True)
            with _bar("Applying", rows) as step:
                apply(session, kept, _permit, view=FULL_VIEW, mode=mode, progress=step)
        written = recorded(session)
        click.echo("Nothing to change." if written is None else f"Applied as revision {written.rev}.")
    counts = unpacked(kept.result)["counts"]
    if counts["faults"] or counts["conflicts"]:
        context.exit(1)


def _permit(_operation: str, _owner: str | None) -> None:
    """Whoever has the database at hand may do everything."""


def _context(action: str, reason: str | None) -> WriteContext:
    return WriteContext(actor_id=SYSTEM, via="cli", action=action, reason=reason)


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    with click.progressbar(length=length, label=f"{label} {length} rows") as bar:
        yield bar.update


def _print(kept: Import) -> None:
    result = unpacked(kept.result)
    _section("Changes", unpacked(kept.changes), _change)
    _section("Faults", result["faults"], _fault)
    _section("Conflicts", result["conflicts"], _clash)
    _section("Notices", result["notices"], _fault)
    _section("No longer in the file", result["missing"], lambda one: str(one["record"]))
    click.echo(", ".join(f"{name} {number}" for name, number in result["counts"].items()))


def _section(title: str, found: Sequence[Mapping[str, Any]], line: Callable[[Mapping[str, Any]], str]) -> None:
    if found:
        click.echo(f"{title}:")
        for one in found[:_SHOWN]:
            click.echo(f"  {line(one)}")
        if len(found) > _SHOWN:
            click.echo(f"  … and {len(found) - _SHOWN} more")


def _change(one: Mapping[str, Any]) -> str:
    cells = "; ".join(f"{cell['column']} {cell['field']}: {cell['old']} → {cell['new']}" for cell in one["cells"])
    return f"{one['sheet']} row {one['row']} ({one['action']}): {cells}"


def _fault(one: Mapping[str, Any]) -> str:
    place = f"{one['sheet'] or ''} {one['column'] or ''}{one['row'] or ''}".strip()
    return f"{place}: {one['detail']} [{one['code']}]" if place else f"{one['detail']} [{one['code']}]"


def _clash(one: Mapping[str, Any]) -> str:
    cells = "; ".join(f"{cell['field']}: {cell['theirs']} (yours {cell['yours']})" for cell in one["cells"])
    return f"{one['sheet']} row {one['row']}: {one['record']} is at version {one['version']} now: {cells}"
