"""Imports: a file is compared, tried out and kept; what was previewed is applied as one revision, or not at all."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from portfolio.core import sources
from portfolio.core.problems import Conflict, NotFound, ProblemError
from portfolio.exchange.findings import Fault, Plan, Row, row_of
from portfolio.exchange.headers import Found, find_sheets
from portfolio.exchange.models import Import
from portfolio.exchange.origin import Origin, read_origin, require_ours
from portfolio.exchange.perform import Performed, Permit, perform, try_out
from portfolio.exchange.plan import Comparison
from portfolio.exchange.sheets import BY_KEY, SHEETS
from portfolio.exchange.upload import Upload, read_upload
from portfolio.history.models import LogHead
from portfolio.history.reading import Reading
from portfolio.history.recorder import record, recorded

PREVIEWED, APPLIED = "previewed", "applied"
ALL, VALID_ROWS = "all", "valid_rows"
KEPT_FOR = timedelta(days=30)
_MOST_KEPT = 20
"""Imports of one author; the oldest go first."""
_MOST_NAMED = 100
_ORDER = {sheet.key: place for place, sheet in enumerate(SHEETS)}


class ImportHasFaults(Conflict):
    """A file with faults or conflicts is applied as a whole only when they are gone."""

    slug = "import-has-faults"
    title = "The file has faults or conflicts"


class ImportOutdated(Conflict):
    """Something that was good in the preview is not any more: nothing was applied."""

    slug = "import-outdated"
    title = "The register has changed since the preview"


class AlreadyApplied(Conflict):
    """An import is applied once."""

    slug = "import-already-applied"
    title = "The import was applied before"


@dataclass(frozen=True)
class Sent:
    """A file as it was sent in."""

    data: bytes
    filename: str
    sheet: str | None = None


@dataclass(frozen=True)
class Compared:
    """A file that was read and compared with the register."""

    upload: Upload
    found: Found
    origin: Origin | None
    plan: Plan
    revision: int


def compare(moment: Reading, view: str, sent: Sent, actor_id: str) -> Compared:
    """Read a file and compare it with the register as ``view`` shows it; nothing is written or locked.

    :raises Invalid: the file as a whole is refused.
    """
    upload = read_upload(sent.data, sent.filename, sent.sheet)
    found = find_sheets(upload)
    origin = None if found.facts is None else read_origin(found.facts)
    if origin is not None:
        log = moment.session.execute(sa.select(LogHead.origin)).scalar_one()
        require_ours(origin, log, moment.revision)
    comparison = Comparison(moment, view, origin, upload.is_1904)
    for matched in found.matched:
        comparison.compare(matched)
    plan = comparison.plan
    plan.faults[:0] = found.faults
    found.notices += _missing_sheets(found, origin)
    plan.notices[:0] = found.notices
    _leave_out_made(moment, plan, actor_id, origin)
    # What is there comes before what is new, and what others hang on before these: each row sees what it expects.
    plan.rows.sort(key=lambda row: (_ORDER[row.sheet], row.record_id is None, row.row))
    return Compared(upload, found, origin, plan, moment.revision)


def preview(
    session: Session,
    compared: Compared,
    sent: Sent,
    permit: Permit,
    *,
    view: str,
    actor_id: str,
    reason: str | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Import:
    """Try out what a file asks for, and keep it with what was found."""
    plan = compared.plan
    tried = try_out(session, plan.rows, permit, view=view, columns=plan.columns, reason=reason, progress=progress)
    return _kept(session, compared, sent, tried, actor_id=actor_id, reason=reason)


def take_at_once(
    session: Session,
    compared: Compared,
    sent: Sent,
    permit: Permit,
    *,
    view: str,
    actor_id: str,
    reason: str | None,
    mode: str = ALL,
) -> Import:
    """Carry out what a file asks for without showing it first, and keep it with what was found and done.

    :raises ImportHasFaults: there are faults or conflicts, and ``mode`` is ``all``.
    """
    plan = compared.plan
    done = perform(session, plan.rows, permit, view=view, columns=plan.columns, reason=reason)
    kept = _kept(session, compared, sent, done, actor_id=actor_id, reason=reason)
    result = unpacked(kept.result)
    if mode == ALL:
        _require_faultless(result)
    return _applied(session, kept, result, done)


def import_of(session: Session, import_id: UUID, actor_id: str, *, lock: bool = False) -> Import:
    """:raises NotFound: there is no such import, or it is somebody else's, or too old."""
    statement = sa.select(Import).where(Import.id == import_id, Import.actor_id == actor_id)
    statement = statement.where(Import.created_at > sources.now() - KEPT_FOR)
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("There is no such import; one is kept for 30 days, for whoever sent it.")
    return found


def imports_of(session: Session, actor_id: str) -> Sequence[Import]:
    """One author's imports, the newest first."""
    statement = sa.select(Import).where(Import.actor_id == actor_id, Import.created_at > sources.now() - KEPT_FOR)
    statement = statement.options(defer(Import.file), defer(Import.rows), defer(Import.changes))
    return session.scalars(statement.order_by(Import.created_at.desc(), Import.id.desc())).all()


def apply(
    session: Session,
    kept: Import,
    permit: Permit,
    *,
    view: str,
    mode: str = ALL,
    progress: Callable[[int], None] = lambda _: None,
) -> Import:
    """Apply a locked import in this transaction: exactly the changes that were previewed.

    :raises AlreadyApplied: it was applied before.
    :raises ImportHasFaults: the preview found faults or conflicts, and ``mode`` is ``all``.
    :raises ImportOutdated: a change that was good is not any more, and ``mode`` is ``all``.
    """
    if kept.state == APPLIED:
        raise AlreadyApplied(f"This import was applied before{_as(kept.revision)}; send a new file for new changes.")
    result = unpacked(kept.result)
    if mode == ALL:
        _require_faultless(result)
    stored = unpacked(kept.rows)
    columns, good = stored["columns"], [row_of(row) for row in stored["rows"]]
    del stored
    done = perform(session, good, permit, view=view, columns=columns, reason=kept.reason, progress=progress)
    if mode == ALL and (done.faults or done.conflicts):
        detail = (
            f"{len(done.faults) + len(done.conflicts)} changes that were good in the preview are not any more: the "
            "register was changed meanwhile. Nothing was applied; send the file again to see."
        )
        raise ImportOutdated(detail, errors=_named(_outcome(done)))
    for name, later in _outcome(done).items():
        result[name] = [*result[name], *later]
    return _applied(session, kept, result, done)


def drop_imports(session: Session) -> int:
    """Remove all kept files: any of them may hold what is to be erased."""
    return len(session.execute(sa.delete(Import).returning(Import.id)).all())


def left_conflicts(moment: Reading, actor_id: str) -> Sequence[Import]:
    """The author's imports with conflicts, newest first, since the last one that was applied without any."""
    found = []
    for one in imports_of(moment.session, actor_id):
        if one.state == APPLIED and not one.conflicts:
            break
        if one.conflicts:
            found.append(one)
    return found


def packed(value: Any) -> bytes:
    """Compressed JSON."""
    return zlib.compress(orjson.dumps(value), 1)


def unpacked(data: bytes) -> Any:
    """What was :func:`packed`."""
    return orjson.loads(zlib.decompress(data))


def _require_faultless(result: dict[str, Any]) -> None:
    if result["faults"] or result["conflicts"]:
        counts = f"{len(result['faults'])} faults and {len(result['conflicts'])} conflicts"
        detail = f"The file has {counts}: mend them and send it again, or apply the good rows with mode=valid_rows."
        raise ImportHasFaults(detail, errors=_named(result))


def _applied(session: Session, kept: Import, result: dict[str, Any], done: Performed) -> Import:
    """Note what was done in the import itself; the revision is made here, since it has to be named."""
    result["applied"] = [
        {"sheet": row.title, "row": row.row, "record": address, "created": row.record_id is None}
        for row, address in done.done
    ]
    record(session)
    written = recorded(session)
    kept.state, kept.applied_at = APPLIED, sources.now()
    kept.revision = written.rev if written else None
    kept.result = packed(result)
    kept.conflicts = len(result["conflicts"])
    session.flush()
    return kept


def _missing_sheets(found: Found, origin: Origin | None) -> list[Fault]:
    here = {matched.sheet.key for matched in found.matched}
    notices = []
    for key, ids in origin.given.items() if origin and not found.faults else ():
        if ids and key not in here:
            title = BY_KEY[key].title
            detail = f"The sheet {title.de} / {title.en} is not in the file; its {len(ids)} records stay as they are."
            notices.append(Fault(None, None, None, None, "sheet_missing", detail))
    return notices


def _leave_out_made(moment: Reading, plan: Plan, actor_id: str, origin: Origin | None) -> None:
    """Report new rows that the author has made before: the same file sent in again must not pay twice."""
    if all(row.record_id is not None for row in plan.rows):
        return
    since = origin.facts.revision if origin is not None else -1
    applied = sa.select(Import).where(
        Import.actor_id == actor_id, Import.state == APPLIED, sa.func.coalesce(Import.revision, 0) > since
    )
    made: dict[bytes, int | None] = {}
    for kept in moment.session.scalars(applied.options(defer(Import.file), defer(Import.changes))):
        places = {(one["sheet"], one["row"]) for one in unpacked(kept.result)["applied"] if one["created"]}
        for row in unpacked(kept.rows)["rows"]:
            if (row["title"], row["row"]) in places:
                made[_content(row["sheet"], row["values"])] = kept.revision
    if not made:
        return
    rows, plan.rows = plan.rows, []
    for row in rows:
        content = _content(row.sheet, row.values)
        if row.record_id is not None or content not in made:
            plan.rows.append(row)
        else:
            detail = (
                f"This record was made from an earlier file of yours{_as(made[content])}. Take the row out; or, if it "
                "is to be there twice, download the workbook anew and add it there."
            )
            plan.faults.append(Fault(row.title, row.row, None, None, "made_before", detail))


def _content(sheet: str, values: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(orjson.dumps([sheet, values], option=orjson.OPT_SORT_KEYS)).digest()


def _kept(
    session: Session, compared: Compared, sent: Sent, tried: Performed, *, actor_id: str, reason: str | None
) -> Import:
    plan = compared.plan
    good = [row for row, _ in tried.done]
    plan.faults += tried.faults
    plan.conflicts += tried.conflicts
    result = {
        "counts": _counts(plan, good),
        "faults": plan.faults,
        "conflicts": plan.conflicts,
        "notices": plan.notices,
        "missing": plan.missing,
        "applied": [],
    }
    _purge(session, actor_id)
    kept = Import(
        actor_id=actor_id,
        created_at=sources.now(),
        filename=sent.filename[:200],
        kind=compared.upload.kind,
        sheet=sent.sheet,
        sha256=hashlib.sha256(sent.data).hexdigest(),
        file=sent.data,
        reason=reason,
        state=PREVIEWED,
        seen_revision=compared.revision,
        based_on=compared.origin.facts.revision if compared.origin else None,
        rows=packed({"columns": plan.columns, "rows": good}),
        changes=packed([_change(row) for row in good]),
        result=packed(result),
        conflicts=len(plan.conflicts),
    )
    session.add(kept)
    session.flush()
    return kept


def _counts(plan: Plan, good: Sequence[Row]) -> dict[str, int]:
    kinds = Counter("created" if row.record_id is None else "changed" for row in good)
    return {
        "rows": plan.read,
        "unchanged": plan.unchanged,
        "changed": kinds["changed"],
        "created": kinds["created"],
        "cells": sum(len(row.cells) for row in good if row.record_id is not None),
        "faults": len(plan.faults),
        "conflicts": len(plan.conflicts),
        "missing": len(plan.missing),
    }


def _change(row: Row) -> dict[str, Any]:
    return {
        "sheet": row.title,
        "row": row.row,
        "record": None if row.record_id is None else f"{row.sheet}/{row.record_id}",
        "action": "create" if row.record_id is None else "change",
        "cells": row.cells,
    }


def _outcome(done: Performed) -> dict[str, Any]:
    return {
        "faults": [asdict(fault) for fault in done.faults],
        "conflicts": [asdict(clash) for clash in done.conflicts],
    }


def _named(result: dict[str, Any]) -> list[ProblemError]:
    """The first faults and conflicts, as errors of an answer."""
    errors = []
    for fault in result["faults"][:_MOST_NAMED]:
        place = " ".join(str(fault[name]) for name in ("sheet", "column", "row") if fault[name])
        errors.append(ProblemError(fault["code"], f"{place}: {fault['detail']}", pointer="#/file"))
    for clash in result["conflicts"][:_MOST_NAMED]:
        detail = f"{clash['sheet']} {clash['row']}: {clash['record']} was changed by somebody else meanwhile."
        errors.append(ProblemError("conflict", detail, pointer="#/file"))
    return errors[:_MOST_NAMED]


def _as(revision: int | None) -> str:
    return "" if revision is None else f", as revision {revision}"


def _purge(session: Session, actor_id: str) -> None:
    session.execute(sa.delete(Import).where(Import.created_at < sources.now() - KEPT_FOR))
    mine = sa.select(Import.id).where(Import.actor_id == actor_id).order_by(Import.created_at.desc(), Import.id.desc())
    old = session.scalars(mine.offset(_MOST_KEPT - 1)).all()
    if old:
        session.execute(sa.delete(Import).where(Import.id.in_(old)))
