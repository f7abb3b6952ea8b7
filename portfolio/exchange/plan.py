"""Compares an uploaded file with the register: what it changes, and where it cannot be followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from portfolio.core.tables import column_letters
from portfolio.exchange import sheets
from portfolio.exchange.columns import CellFault, Column, JsonValue, RawCell, Use
from portfolio.exchange.findings import Cell, Clash, Fault, Meeting, Missing, Plan, Row
from portfolio.exchange.headers import Matched, address_of
from portfolio.exchange.origin import Origin
from portfolio.exchange.rows import Record, rows_with_ids
from portfolio.exchange.sheets import Sheet
from portfolio.funding.codelists import LEDGER_TYPE
from portfolio.funding.lifecycle import CORRECTION
from portfolio.history.reading import Reading, reading_beside

FORMULA = "formula"
_CORRECTION = f"{LEDGER_TYPE.label(CORRECTION, 'de')} / {LEDGER_TYPE.label(CORRECTION, 'en')}"
_TO = {sheets.NEW_STATUS: "to", sheets.NEW_STATUS_ON: "on", sheets.NEW_STATUS_REASON: "reason"}


class Comparison:
    """Goes through the sheets of one file and collects what they ask for."""

    def __init__(self, moment: Reading, view: str, origin: Origin | None, is_1904: bool) -> None:
        self._moment, self._view, self._origin, self._is_1904 = moment, view, origin, is_1904
        self.plan = Plan()

    def compare(self, matched: Matched) -> None:
        """Add what one sheet asks for."""
        reader = _SheetReader(matched, self._is_1904)
        self.plan.columns[matched.title] = {name: reader.letter(name) for name in matched.places}
        self.plan.faults += reader.faults
        ids = [UUID(found.record_id) for found in reader.rows if found.record_id is not None]
        current = rows_with_ids(matched.sheet, self._moment, self._view, ids)
        base = self._base(matched.sheet, reader, current)
        for found in reader.rows:
            self.plan.read += 1
            if found.record_id is None:
                self._new(reader, found)
            elif found.record_id not in current:
                detail = "There is no such record, or you may not see it; leave ID empty to make a new one."
                self.plan.faults.append(reader.fault(found, sheets.ID, "not_found", detail))
            else:
                self._known(reader, found, current[found.record_id], base.get(found.record_id))
        if self._origin is not None:
            here = {found.record_id for found in reader.rows}
            gone = [one for one in self._origin.given.get(matched.sheet.key, ()) if one not in here]
            self.plan.missing += [Missing(matched.sheet.key, address_of(matched.sheet, one)) for one in gone]

    def _base(self, sheet: Sheet, reader: _SheetReader, current: Mapping[str, Record]) -> Mapping[str, Record]:
        """The rows as the workbook was given out, of those records that look different now."""
        if self._origin is None:
            return {}
        wanted = [
            UUID(found.record_id)
            for found in reader.rows
            if found.record_id is not None
            and found.record_id in current
            and reader.differs(found, current[found.record_id])
        ]
        if not wanted:
            return {}
        then = reading_beside(self._moment, str(self._origin.facts.revision))
        then = Reading(then.connection, then.revision, then.known_at, self._origin.facts.valid_on, is_past=True)
        return rows_with_ids(sheet, then, self._view, wanted)

    def _new(self, reader: _SheetReader, found: _Found) -> None:
        values: dict[str, JsonValue] = {}
        step: dict[str, JsonValue] = {}
        cells = []
        good = True
        for column in reader.fillable:
            value, fault = reader.value(found, column)
            if fault is not None:
                self.plan.faults.append(fault)
                good = False
            elif value not in (None, []):
                cells.append(Cell(reader.letter(column.name), column.name, None, value))
                (step if column.use is Use.STEP else values)[_TO.get(column.name, column.name)] = value
        if good and cells:
            self.plan.rows.append(reader.row(found, None, values, step, cells))

    def _known(self, reader: _SheetReader, found: _Found, current: Record, base: Record | None) -> None:
        if base is not None and base["version"] != found.version:
            base = None  # the row was not given out with this workbook
        if found.version is None:
            detail = "The version of the record is missing; download the workbook anew instead of typing it."
            self.plan.faults.append(reader.fault(found, sheets.VERSION, "version_missing", detail))
            return
        is_stale = found.version != current["version"]
        reference = (base or current) if is_stale else current
        edits: list[tuple[Column, JsonValue]] = []
        good = True
        for column in reader.columns:
            if column.use is Use.KEY:
                continue
            value, fault = reader.value(found, column)
            given = None if column.use is Use.STEP else reference.get(column.name)
            # A formula that gives what stood there changes nothing.
            if (fault is None or fault.code == FORMULA) and column.equal(value, given):
                continue
            if column.use in (Use.SHOWN, Use.NEW):
                good &= self._fixed(reader, found, column, value, fault, current, base)
            elif fault is not None:
                self.plan.faults.append(fault)
                good = False
            else:
                edits.append((column, value))
        if is_stale:
            edits = [(column, value) for column, value in edits if not column.equal(value, current.get(column.name))]
            if edits:
                self.plan.conflicts.append(_clash(reader, found, current, base, edits))
                return
        if not edits:
            self.plan.unchanged += good
        elif good:
            self._changed(reader, found, current, edits)

    def _changed(
        self, reader: _SheetReader, found: _Found, current: Record, edits: Sequence[tuple[Column, JsonValue]]
    ) -> None:
        values = {column.name: value for column, value in edits if column.use is Use.EDIT}
        step = {_TO[column.name]: value for column, value in edits if column.use is Use.STEP}
        cells = [
            Cell(
                reader.letter(column.name),
                column.name,
                current.get(sheets.shown_as(column.name)),
                value,
            )
            for column, value in edits
        ]
        self.plan.rows.append(reader.row(found, found.version, values, step, cells))

    def _fixed(
        self,
        reader: _SheetReader,
        found: _Found,
        column: Column,
        value: JsonValue,
        fault: Fault | None,
        current: Record,
        base: Record | None,
    ) -> bool:
        """Whether a cell that cannot be changed is as it was given out; only then is nothing lost by leaving it."""
        if fault is None and (
            column.equal(value, current.get(column.name)) or (base and column.equal(value, base.get(column.name)))
        ):
            return True
        if base is None and self._origin is None and column.use is Use.SHOWN:
            detail = f"{column.title('de')} is shown only; what this cell says is not read."
            self.plan.notices.append(reader.fault(found, column.name, "not_read", detail))
            return True
        self.plan.faults.append(reader.fault(found, column.name, "cannot_be_changed", _instead(reader.sheet, column)))
        return False


def _instead(sheet: Sheet, column: Column) -> str:
    title = f"{column.title('de')} / {column.title('en')}"
    if column.name == "status":
        return f"{title} is changed with the columns Neuer Status / New status; put the old value back."
    if sheet is sheets.PAYMENTS:
        return f"A booking is never changed; put {title} back, and add a row of type {_CORRECTION}."
    if sheet is sheets.FORECASTS:
        return f"A forecast is never changed; put {title} back, and add a row with a new reporting day."
    if sheet is sheets.AWARDS and column.use is Use.NEW:
        return f"{title} of an award is fixed; put it back, and add a row that amends the award (Ändert Bescheid)."
    return f"{title} cannot be changed here; put the old value back."


def _clash(
    reader: _SheetReader,
    found: _Found,
    current: Record,
    base: Record | None,
    edits: Sequence[tuple[Column, JsonValue]],
) -> Clash:
    cells = tuple(
        Meeting(
            reader.letter(column.name),
            column.name,
            base.get(column.name) if base else None,
            value,
            current.get(sheets.shown_as(column.name)),
        )
        for column, value in edits
    )
    version = current["version"]
    assert isinstance(version, int)
    assert found.record_id is not None
    record = address_of(reader.sheet, found.record_id)
    return Clash(reader.matched.title, found.number, record, found.version, version, cells)


@dataclass(frozen=True)
class _Found:
    """One row that holds something."""

    number: int
    cells: Sequence[RawCell]
    record_id: str | None
    version: int | None


class _SheetReader:
    """The rows of one sheet, with their keys."""

    def __init__(self, matched: Matched, is_1904: bool) -> None:
        self.matched, self.sheet = matched, matched.sheet
        self.columns = [self.sheet.by_name[name] for name in matched.places]
        self._is_1904 = is_1904
        self._letters = {name: column_letters(place) for name, place in matched.places.items()}
        self.fillable = self.sheet.of(Use.EDIT, Use.NEW, Use.STEP)
        self.faults: list[Fault] = []
        self.rows: list[_Found] = []
        twice = Counter(self._raw(cells, sheets.ID) for cells in matched.body)
        for number, cells in enumerate(matched.body, start=matched.first_row):
            found = self._found(number, cells, twice)
            if found is not None:
                self.rows.append(found)

    def _found(self, number: int, cells: Sequence[RawCell], twice: Counter[str]) -> _Found | None:
        raw = self._raw(cells, sheets.ID)
        if not any(
            cells[place] not in (None, "") and str(cells[place]).strip()
            for name, place in self.matched.places.items()
            if place < len(cells) and (raw or self.sheet.by_name[name].use in (Use.EDIT, Use.NEW, Use.STEP))
        ):
            return None
        version = self._version(cells)
        found = _Found(number, cells, None, version)
        if not raw:
            return found
        try:
            record_id = str(UUID(raw))
        except ValueError:
            self.faults.append(self.fault(found, sheets.ID, "invalid_id", "This is no id; leave ID as it was given."))
            return None
        if twice[raw] > 1:
            detail = "This record stands in two rows; keep one, and leave ID empty in a row that is to be a new one."
            self.faults.append(self.fault(found, sheets.ID, "row_twice", detail))
            return None
        return _Found(number, cells, record_id, version)

    def _version(self, cells: Sequence[RawCell]) -> int | None:
        try:
            value = self.sheet.by_name[sheets.VERSION].reads(self._cell(cells, sheets.VERSION))
        except CellFault:
            return None
        return value if isinstance(value, int) and value > 0 else None

    def _raw(self, cells: Sequence[RawCell], name: str) -> str:
        cell = self._cell(cells, name)
        return "" if cell is None else str(cell).strip()

    def _cell(self, cells: Sequence[RawCell], name: str) -> RawCell:
        place = self.matched.places.get(name)
        return cells[place] if place is not None and place < len(cells) else None

    def value(self, found: _Found, column: Column) -> tuple[JsonValue, Fault | None]:
        """What a cell says; a fault where it cannot be read, or holds a formula."""
        cell = self._cell(found.cells, column.name)
        place = self.matched.places.get(column.name)
        here = None if place is None else (found.number, place + 1)
        if here in self.matched.errors:
            detail = "The cell shows an error instead of a value; put the value in."
            return None, self.fault(found, column.name, "error_value", detail)
        try:
            value = column.reads(cell, is_1904=self._is_1904)
        except CellFault as error:
            return None, self.fault(found, column.name, error.code, error.detail)
        if here in self.matched.formulas:
            detail = "The cell holds a formula; replace it by its value (Paste Special, Values)."
            return value, self.fault(found, column.name, FORMULA, detail)
        return value, None

    def differs(self, found: _Found, current: Record) -> bool:
        """Whether what the row was given out with has to be looked up."""
        if found.version != current["version"]:
            return True
        for column in self.columns:
            if column.use in (Use.SHOWN, Use.NEW):
                value, fault = self.value(found, column)
                if fault is not None or not column.equal(value, current.get(column.name)):
                    return True
        return False

    def letter(self, name: str) -> str:
        return self._letters.get(name, "")

    def fault(self, found: _Found, name: str, code: str, detail: str) -> Fault:
        cell = self._cell(found.cells, name)
        value = None if cell in (None, "") else str(cell)[:80]
        return Fault(self.matched.title, found.number, self.letter(name) or None, name, code, detail, value)

    def row(
        self,
        found: _Found,
        version: int | None,
        values: Mapping[str, JsonValue],
        step: Mapping[str, JsonValue],
        cells: Sequence[Cell],
    ) -> Row:
        title, record_id = self.matched.title, found.record_id
        return Row(self.sheet.key, title, found.number, record_id, version, values, step, tuple(cells))
