"""``python -m benchmarks.imports [ROWS]``: sending in, applying and giving out a large workbook, on both engines.

As ``make bench`` measures it (:func:`measure`): ROWS (20 000) new milestones over the seed's projects, as a workbook
and as CSV, taken over at once (`dry_run=false`), and shown first. Alone it goes through more, all as workbooks: the new
milestones, the workbook as it is, one cell of each changed; then as many new applications, and as many payments on 40
awards. Each step in a process of its own, so that the memory is the step's: the largest resident size, the program
itself included.
"""

from __future__ import annotations

import csv
import datetime
import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from xlsxwriter import Workbook

from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.servers import peak_of
from benchmarks.stand import POSTGRESQL, REAL
from portfolio.app import REGISTER
from portfolio.core import migrate
from portfolio.core.db import Database, WriteContext
from portfolio.exchange.columns import Use
from portfolio.exchange.export import write_workbook
from portfolio.exchange.imports import Sent, apply, compare, import_of, preview, take_at_once, unpacked
from portfolio.exchange.rows import chosen_projects
from portfolio.exchange.seed import load_seed
from portfolio.exchange.sheets import APPLICATIONS, MILESTONES, PAYMENTS, Sheet
from portfolio.exchange.upload import read_upload
from portfolio.funding.applications import create_application, transition_application
from portfolio.funding.awards import create_award, transition_award
from portfolio.history import log, recorder
from portfolio.history.reading import open_reading
from portfolio.milestones.models import Milestone
from portfolio.projects.models import Project
from tests.postgres import create_database, running_server

WHO = "act_system"
DAY = datetime.date(2026, 1, 1)


def _opened(url: str) -> Database:
    assert REGISTER.kinds
    database = Database(url)
    migrate.require_newest(database)
    recorder.install(database)
    return database


def _permit(_operation: str, _owner: str | None) -> None:
    """Whoever measures may do everything."""


def _book(kind: Sheet, rows: list[dict[str, Any]]) -> bytes:
    target = io.BytesIO()
    with Workbook(target, {"constant_memory": True}) as book:
        sheet, day = book.add_worksheet(kind.title.de), book.add_format({"num_format": "yyyy-mm-dd"})
        places = {name: place for place, name in enumerate(_names(kind, rows))}
        for name, place in places.items():
            sheet.write_string(0, place, name)
        for number, row in enumerate(rows, start=1):
            for name in sorted(row, key=places.__getitem__):
                sheet.write(number, places[name], row[name], day if isinstance(row[name], datetime.date) else None)
    return target.getvalue()


def send(url: str, file: Path) -> dict[str, Any]:
    database = _opened(url)
    began = time.perf_counter()
    sent = _sent(file)
    with open_reading(database) as moment:
        compared = compare(moment, "full", sent, WHO)
    with database.transaction(WriteContext(WHO, "cli", "imports.create")) as session:
        kept = preview(session, compared, sent, _permit, view="full", actor_id=WHO, reason=None)
        counts = unpacked(kept.result)["counts"]
    return {"seconds": time.perf_counter() - began, "id": kept.id, **counts}


def _names(kind: Sheet, rows: list[dict[str, Any]]) -> list[str]:
    # A column that is not in the file stays as it is; an empty one would be cleared.
    return [column.name for column in kind.columns if column.use is Use.KEY or column.name in rows[0]]


def _csv(kind: Sheet, rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _names(kind, rows))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def take_over_at_once(url: str, file: Path) -> dict[str, Any]:
    """Read, checked and taken over in one request."""
    database = _opened(url)
    began = time.perf_counter()
    sent = _sent(file)
    read_upload(sent.data, sent.filename, sent.sheet)
    reading = time.perf_counter() - began  # once more beside what is measured: the share of taking the file apart
    began, spent = time.perf_counter(), time.process_time()
    with open_reading(database) as moment:
        compared = compare(moment, "full", sent, WHO)
    with database.transaction(WriteContext(WHO, "cli", "imports.apply")) as session:
        take_at_once(session, compared, sent, _permit, view="full", actor_id=WHO, reason=None)
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    return {"seconds": seconds, "CPU": spent, "reading": reading}


def _sent(file: Path) -> Sent:
    return Sent(file.read_bytes(), file.name, MILESTONES.key if file.suffix == ".csv" else None)


def take_over(url: str, import_id: Any) -> dict[str, Any]:
    database = _opened(url)
    began = time.perf_counter()
    with database.transaction(WriteContext(WHO, "cli", "imports.apply")) as session:
        kept = apply(session, import_of(session, import_id, WHO), _permit, view="full")
    return {"seconds": time.perf_counter() - began, "revision": kept.revision}


def give_out(url: str, file: Path) -> dict[str, Any]:
    database = _opened(url)
    began = time.perf_counter()
    with open_reading(database) as moment, file.open("w+b") as target:
        write_workbook(target, moment, "full", chosen_projects(moment, {}), language="de", waiting=())
    return {"seconds": time.perf_counter() - began, "bytes": file.stat().st_size}


def _alone(step: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Run a step in a fresh process, and add its memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (step, arguments))


def _measured(step: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
    spent = time.process_time()
    found = step(*arguments)
    spent = time.process_time() - spent
    return {"CPU": spent, **found, "MiB": round(peak_of(os.getpid()))}


def measure(engines: Sequence[str], rows: int) -> Part:
    """New milestones with their history, each time into a fresh register."""
    part, lines = Part("Validated import with history"), []
    with tempfile.TemporaryDirectory() as place, running_server(*POSTGRESQL) as server:
        for number, (engine, form) in enumerate((engine, form) for engine in engines for form in ("xlsx", "csv")):
            name = f"imports_{number}"
            sqlite = f"sqlite:///{place}/{name}.sqlite"
            url = sqlite if engine == "sqlite" else create_database(server.dsn(), name)
            file = Path(place) / f"{name}.{form}"
            wanted = _new_milestones(_slugs(_seeded(url)), rows)
            file.write_bytes(_book(MILESTONES, wanted) if form == "xlsx" else _csv(MILESTONES, wanted))
            sent = _alone(send, url, file)
            done = _alone(take_over_at_once, url, file)
            applied = _alone(take_over, url, sent["id"])
            largest = max(step["MiB"] for step in (sent, applied, done))
            both = sent["seconds"] + applied["seconds"]
            seconds = (done["reading"], done["seconds"], done["CPU"], sent["seconds"], applied["seconds"])
            lines.append([f"{engine}, {form}", *(f"{one:.2f}" for one in seconds)])
            lines[-1] += [spaced(rows / done["seconds"]), spaced(rows / both), str(largest)]
            if form == "xlsx":
                part.findings.append(Finding("import, rows/s", engine, REAL, rows / done["seconds"]))
                part.findings.append(Finding("import shown first, rows/s", engine, REAL, rows / both))
                part.findings.append(Finding("import, MiB", engine, REAL, largest))
    head = [f"{rows} milestones", "taking the file apart, s", "at once, s", "of it CPU of the program, s"]
    part.lines = grid([*head, "shown first, s", "then applied, s", "at once, rows/s", "both, rows/s", "MiB"], lines)
    return part


def _seeded(url: str) -> Database:
    database = Database(url)
    migrate.upgrade(database)
    log.create_log(database, "portfolio.example/log")
    recorder.install(database)
    load_seed(database)
    return database


def _slugs(database: Database) -> list[str]:
    with database.snapshot() as session:
        return list(session.scalars(sa.select(Project.slug).order_by(Project.slug)))


def _new_milestones(slugs: list[str], rows: int) -> list[dict[str, Any]]:
    return [
        {
            "project": slugs[number % len(slugs)],
            "title_de": f"Meilenstein {number}",
            "title_en": f"Milestone {number}",
            "kind": "result",
            "baseline_on": DAY + datetime.timedelta(days=number % 700),
        }
        for number in range(rows)
    ]


def _round(name: str, url: str, rows: int, folder: Path) -> None:
    def tell(step: str, found: dict[str, Any]) -> None:
        said = ", ".join(
            f"{key} {value}" for key, value in found.items() if key not in ("seconds", "CPU", "id") and value
        )
        print(f"{name:10} {step:28} {found['seconds']:6.1f} s  CPU {found['CPU']:5.1f} s  {said}", flush=True)

    database = _seeded(url)
    slugs = _slugs(database)
    file = folder / "workbook.xlsx"
    file.write_bytes(_book(MILESTONES, _new_milestones(slugs, rows)))
    sent = _alone(send, url, file)
    tell("preview of new rows", sent)
    tell("apply", _alone(take_over, url, sent["id"]))
    tell("workbook out", _alone(give_out, url, file))
    tell("preview without a change", _alone(send, url, file))
    with database.snapshot() as session:
        stored = session.execute(sa.select(Milestone.id, Milestone.version, Milestone.title_de)).all()
    changed = [{"title_de": f"{row.title_de} neu", "version": row.version, "id": str(row.id)} for row in stored]
    file.write_bytes(_book(MILESTONES, changed[:rows]))
    sent = _alone(send, url, file)
    tell("preview of changed rows", sent)
    tell("apply", _alone(take_over, url, sent["id"]))
    asked = [
        {"project": slugs[number % len(slugs)], "level": "eu", "requested_amount": number + 0.5}
        for number in range(rows)
    ]
    file.write_bytes(_book(APPLICATIONS, asked))
    sent = _alone(send, url, file)
    tell("preview of new applications", sent)
    tell("apply", _alone(take_over, url, sent["id"]))
    awards = _awards(database, 40)
    paid = [
        {"type": "disbursement", "booked_on": DAY, "amount": 1.5, "award": awards[number % len(awards)]}
        for number in range(rows)
    ]
    file.write_bytes(_book(PAYMENTS, paid))
    sent = _alone(send, url, file)
    tell("preview of new payments", sent)
    tell("apply", _alone(take_over, url, sent["id"]))
    database.dispose()


def _awards(database: Database, count: int) -> list[str]:
    """Ids of new awards that may be paid on."""
    found, amount, day = [], Decimal("9000000.00"), datetime.date(2021, 1, 4)
    with database.transaction(WriteContext(WHO, "cli", "bench", reason="Messung")) as session:
        for project in session.scalars(sa.select(Project).order_by(Project.slug).limit(count)).all():
            application = create_application(session, project, {"level": "eu", "requested_amount": amount})
            for to in ("submitted", "under_review", "approved"):
                transition_application(session, application, to, day, None)
            award = create_award(session, application, {"issued_on": day, "amount": amount})
            transition_award(session, award, "final", day, None)
            found.append(str(award.id))
    return found


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as place, running_server(*POSTGRESQL) as server:
        folder = Path(place)
        _round("SQLite", f"sqlite:///{folder}/register.sqlite", rows, folder)
        _round("PostgreSQL", create_database(server.dsn(), "imports"), rows, folder)


if __name__ == "__main__":
    main()
