"""Carries out what a file asks for, row by row, through the schemas and services of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.fields import fault as field_fault
from portfolio.core.problems import NotFound, Problem, ProblemError, StaleVersion, from_messages
from portfolio.exchange import money_targets, project_targets, sheets
from portfolio.exchange.columns import JsonValue
from portfolio.exchange.findings import Clash, Fault, Meeting, Row
from portfolio.exchange.headers import address_of
from portfolio.exchange.sheets import BY_KEY, shown_as
from portfolio.exchange.targets import Changeable, Targets
from portfolio.history.recorder import forget_changes, savepoint

_KINDS = {**project_targets.KINDS, **money_targets.KINDS}
_CHUNK = 100
"""Rows tried under one savepoint; where one fails, they are tried again each under its own."""
_OF_CELLS = {
    "null": "This cell must not be empty; put a value in.",
    "required": "This cell has to be filled in for a new record.",
}
"""What the API says of a body without the field, in the words of a sheet."""
_STEP_CELLS = {"to": sheets.NEW_STATUS, "on": sheets.NEW_STATUS_ON, "reason": sheets.NEW_STATUS_REASON}
Columns = Mapping[str, Mapping[str, str]]
"""Where each field stands, by the title of its sheet."""
Permit = Callable[[str, str | None], None]
"""Refuses an operation that the author may not do to what belongs to a project led by that organisation today."""


@dataclass
class Performed:
    """What became of the rows."""

    done: list[tuple[Row, str]] = field(default_factory=list)
    """Rows that were carried out, each with the record it made or changed."""
    faults: list[Fault] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)


class Refused(Exception):
    """Leaves a savepoint whose work is not wanted."""


def perform(
    session: Session,
    rows: Sequence[Row],
    permit: Permit,
    *,
    view: str,
    columns: Columns,
    reason: str | None,
    progress: Callable[[int], None] = lambda _: None,
    after_each: Callable[[Session], None] = lambda _: None,
) -> Performed:
    """Carry out what can be; a row that fails leaves nothing behind.

    :param view: what the author may see, for what is to be said of a conflict.
    :param columns: where each field stands in the file, for what is to be said of it.
    :param reason: of the whole import, for changes that need one.
    :param progress: told the number of rows that were gone through.
    :param after_each: called between the parts that the rows are carried out in.
    """
    found = Performed()
    targets = Targets(session, _KINDS, permit, view, reason)
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        try:
            with savepoint(session):
                targets.hold(chunk)
                done = [
                    pair
                    for only_new, some in groupby(chunk, _is_only_new)
                    for pair in _some(targets, only_new, list(some))
                ]
        except (Problem, ma.ValidationError, sa.exc.IntegrityError):
            targets = targets.anew()  # what was locked since the savepoint no longer is
            _one_by_one(targets, chunk, columns, found)
        else:
            found.done += done
        after_each(session)
        progress(len(chunk))
    return found


def try_out(
    session: Session,
    rows: Sequence[Row],
    permit: Permit,
    *,
    view: str,
    columns: Columns,
    reason: str | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Performed:
    """What :func:`perform` would do; nothing of it stays."""
    found = Performed()
    try:
        with savepoint(session):
            found = perform(
                session,
                rows,
                permit,
                view=view,
                columns=columns,
                reason=reason,
                progress=progress,
                after_each=forget_changes,
            )
            raise Refused
    except Refused:
        session.expire_all()
    return found


def _one_by_one(targets: Targets, rows: Sequence[Row], columns: Columns, found: Performed) -> None:
    session = targets.session
    for row in rows:
        targets = targets.anew()
        try:
            with savepoint(session):
                address = _one(targets, row)
        except StaleVersion:
            _meet(targets, row, columns, found)
        except ma.ValidationError as error:
            found.faults += _faults(row, columns, from_messages({"json": error.messages}))
        except Problem as problem:
            found.faults += _faults(row, columns, problem.errors or [_whole(problem)])
        except sa.exc.IntegrityError:
            detail = "Another record has the same key, or a record that is named is gone; download the workbook anew."
            found.faults.append(Fault(row.title, row.row, None, None, "already-exists", detail))
        else:
            found.done.append((row, address))


def _is_only_new(row: Row) -> str | None:
    """The sheet of a row that makes a record and does nothing else to it."""
    return row.sheet if row.record_id is None and not row.step else None


def _some(targets: Targets, new: str | None, rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    """Carry out rows that stand together, all new ones of the sheet ``new`` or none of them only new."""
    if new is None:
        for row in rows:
            yield row, _one(targets, row)
        return
    made = targets.of(new).create_many([dict(row.values) for row in rows])
    for row, record_id in zip(rows, made, strict=True):
        yield row, address_of(BY_KEY[new], str(record_id))


def _one(targets: Targets, row: Row) -> str:
    target = targets.of(row.sheet)
    record_id = target.create(dict(row.values)) if row.record_id is None else UUID(row.record_id)
    if isinstance(target, Changeable):
        if row.record_id is not None and target.version(record_id) != row.version:
            raise StaleVersion("The record was changed meanwhile.")
        if row.record_id is not None and row.values:
            target.change(record_id, dict(row.values))
        if row.step:
            target.step(record_id, _whole_step(row.step))
    return address_of(BY_KEY[row.sheet], str(record_id))


def _whole_step(step: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    missing = {"to": "Fill in the new status too.", "on": "Fill in the day of the change too."}
    faults = {
        name: field_fault("step_incomplete", text).messages for name, text in missing.items() if not step.get(name)
    }
    if faults:
        raise ma.ValidationError({_STEP_CELLS[name]: messages for name, messages in faults.items()})
    return dict(step)


def _whole(problem: Problem) -> ProblemError:
    return ProblemError(problem.slug, problem.detail)


def _faults(row: Row, columns: Columns, errors: Sequence[ProblemError]) -> list[Fault]:
    faults = []
    for error in errors:
        name = (error.pointer or "").removeprefix("#/").split("/")[0] or None
        name = _STEP_CELLS.get(name or "", name)
        known = name if name in BY_KEY[row.sheet].by_name else None
        column = columns.get(row.title, {}).get(known) if known else None
        value = next((cell.new for cell in row.cells if cell.field == known), None)
        detail = _OF_CELLS.get(error.code, error.detail)
        if error.parameter is not None:
            detail = f"{detail} For an import give the reason with the whole file."
        faults.append(
            Fault(row.title, row.row, column, known, error.code, detail, None if value is None else str(value)[:80])
        )
    return faults


def _meet(targets: Targets, row: Row, columns: Columns, found: Performed) -> None:
    """Tell of a record that is not as the file has it; it may be gone altogether by now."""
    try:
        found.conflicts.append(_clash(targets, row))
    except NotFound as gone:
        found.faults += _faults(row, columns, [_whole(gone)])


def _clash(targets: Targets, row: Row) -> Clash:
    """A record that somebody changed between the comparison and the write."""
    assert row.record_id is not None
    now = targets.of(row.sheet).shown(UUID(row.record_id))
    version = now["version"]
    assert isinstance(version, int)
    cells = tuple(
        Meeting(cell.column, cell.field, cell.old, cell.new, now.get(shown_as(cell.field))) for cell in row.cells
    )
    return Clash(row.title, row.row, address_of(BY_KEY[row.sheet], row.record_id), row.version, version, cells)
