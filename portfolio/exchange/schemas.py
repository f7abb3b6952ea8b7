"""Workbooks, imports and the to-do list as the API shows them."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from portfolio.core.fields import (
    ANYTHING,
    COMPONENT,
    Choice,
    Code,
    Count,
    Day,
    IdField,
    InstantField,
    LongText,
    Name,
    SentText,
    Slug,
    StrictBool,
    StrictSchema,
    Text,
)
from portfolio.core.provenance import EVERY, assigned, computed, echoed
from portfolio.core.query_fields import QueryBool, query_names
from portfolio.core.records import about
from portfolio.exchange import codelists as lists
from portfolio.exchange.imports import ALL, VALID_ROWS
from portfolio.exchange.sheets import SHEETS
from portfolio.projects.schemas import ProjectQuerySchema

SHEET_KEYS = [sheet.key for sheet in SHEETS]
WORKBOOK_FORMS = ("xlsx", "csv", "csv-de")
_OF_LISTS_ONLY = ("limit", "cursor", "count", "sort", "format", "valid_on", "known_at")


def _filters() -> dict[str, Any]:
    return {name: form for name, form in ProjectQuerySchema().declared_fields.items() if name not in _OF_LISTS_ONLY}


class _FormSchema(StrictSchema):
    project = query_names("Address of the project.", "oepnv-initiative")
    format = Choice(
        WORKBOOK_FORMS,
        "WorkbookFormat",
        metadata=about("xlsx for all sheets; csv or csv-de (for German Excel) for one.", "xlsx"),
    )
    sheet = Choice(SHEET_KEYS, "Sheet", metadata=about("One sheet alone, as CSV.", "milestones"))


WorkbookQuerySchema: type[ma.Schema] = type(
    "WorkbookQuerySchema",
    (_FormSchema,),
    {"__doc__": "The filters of the project list; the other sheets hold what belongs to these projects.", **_filters()},
)


class Value(ma.fields.Field[Any]):
    """What a cell says, as the API writes it."""

    def openapi(self) -> dict[str, Any]:
        scalars: list[dict[str, Any]] = [
            {"type": "string", "maxLength": 40000, "pattern": ANYTHING},
            {"type": "integer", "format": "int64", "minimum": -(2**53), "maximum": 2**53},
            {"type": "boolean"},
            {"type": "null"},
        ]
        texts = {"type": "array", "maxItems": 1000, "items": scalars[0]}
        return {"anyOf": [*scalars, texts], COMPONENT: "CellValue"}


_COMPARED = computed("From comparing the file with the register, row by row.")
_ROW_NUMBER = computed("From the file.", unit="none")
_SHEET = about("Name of the sheet in the file.", "Meilensteine")
_ROW = about("Number of the row, as the spreadsheet counts; null for a whole sheet or file.", 7)
_COLUMN = about("Letter of the column.", "I")
_FIELD = about("Field of the API that the column stands for.", "baseline_on")
_PATH = "/v1/imports/0192f1c4-7a6b-7cc3-98c5-0242ac120002"
_RECORD = about("Sheet and id of the record.", "milestones/0192f1c4-7a6b-7cc3-98c5-0242ac120002")


class ChangedCellSchema(StrictSchema):
    """One cell that changes the register."""

    provenance = {EVERY: _COMPARED}

    column = Text(required=True, max_length=3, metadata=_COLUMN)
    field = Text(required=True, max_length=80, metadata=_FIELD)
    old = Value(required=True, allow_none=True, metadata=about("What the register says.", "2026-09-30"))
    new = Value(required=True, allow_none=True, metadata=about("What the file says.", "2026-11-15"))


class ImportChangeSchema(StrictSchema):
    """A row that changes a record or makes one."""

    provenance = {"row": _ROW_NUMBER, EVERY: _COMPARED}

    sheet = Text(required=True, max_length=40, metadata=_SHEET)
    row = Count(required=True, metadata=_ROW)
    record = Text(required=True, allow_none=True, max_length=80, metadata=_RECORD)
    action = Code(lists.IMPORT_ACTION, required=True, metadata=about("What happens.", "change"))
    cells = ma.fields.List(ma.fields.Nested(ChangedCellSchema), required=True, metadata=about("The cells."))


class ImportFaultSchema(StrictSchema):
    """What is wrong or was left alone, where, and what to do."""

    provenance = {"row": _ROW_NUMBER, EVERY: _COMPARED}

    sheet = SentText(required=True, allow_none=True, max_length=200, metadata=_SHEET)
    row = Count(required=True, allow_none=True, metadata=_ROW)
    column = Text(required=True, allow_none=True, max_length=3, metadata=_COLUMN)
    field = Text(required=True, allow_none=True, max_length=80, metadata=_FIELD)
    code = Text(required=True, max_length=60, metadata=about("The rule, stable.", "not_a_day"))
    detail = LongText(required=True, metadata=about("What is wrong and what to do.", "31.02.2026 is no day."))
    detail_de = LongText(
        required=True,
        allow_none=True,
        metadata=about("The same in German, where there is a text.", "Kein Tag."),
    )
    value = SentText(required=True, allow_none=True, metadata=about("What the cell says.", "31.02.2026"))


class ConflictCellSchema(StrictSchema):
    """One cell of a conflict."""

    provenance = {EVERY: _COMPARED}

    column = Text(required=True, max_length=3, metadata=_COLUMN)
    field = Text(required=True, max_length=80, metadata=_FIELD)
    base = Value(required=True, allow_none=True, metadata=about("What the file was given out with.", "2026-09-30"))
    yours = Value(required=True, allow_none=True, metadata=about("What the file says.", "2026-11-15"))
    theirs = Value(required=True, allow_none=True, metadata=about("What the register says now.", "2026-10-31"))


class ImportConflictSchema(StrictSchema):
    """A row whose record somebody else changed meanwhile. Nothing of it is written."""

    provenance = {
        "row": _ROW_NUMBER,
        "seen_version": echoed("The version that stands in the file.", unit="none"),
        "version": computed("`version` of the record when it was compared.", unit="none"),
        EVERY: _COMPARED,
    }

    sheet = Text(required=True, max_length=40, metadata=_SHEET)
    row = Count(required=True, metadata=_ROW)
    record = Text(required=True, max_length=80, metadata=_RECORD)
    seen_version = Count(required=True, allow_none=True, metadata=about("Version in the file.", 2))
    version = Count(required=True, metadata=about("Version in the register.", 3))
    cells = ma.fields.List(ma.fields.Nested(ConflictCellSchema), required=True, metadata=about("The cells."))


class MissingRowSchema(StrictSchema):
    """A record the file was given out with and that is not in it any more. Nothing happens to it."""

    provenance = {EVERY: _COMPARED}

    sheet = Text(required=True, max_length=40, metadata=_SHEET)
    record = Text(required=True, max_length=80, metadata=_RECORD)


class AppliedRowSchema(StrictSchema):
    """A row that was carried out."""

    provenance = {"row": _ROW_NUMBER, EVERY: _COMPARED}

    sheet = Text(required=True, max_length=40, metadata=_SHEET)
    row = Count(required=True, metadata=_ROW)
    record = Text(required=True, max_length=80, metadata=_RECORD)
    created = StrictBool(required=True, metadata=about("Whether it made the record.", False))


class ImportCountsSchema(StrictSchema):
    """How many."""

    provenance = {EVERY: _COMPARED}

    rows = Count(required=True, metadata=about("Rows that hold something.", 120))
    unchanged = Count(required=True, metadata=about("Rows as the register has them.", 117))
    changed = Count(required=True, metadata=about("Records that change.", 2))
    created = Count(required=True, metadata=about("Records that are made.", 1))
    cells = Count(required=True, metadata=about("Cells that change a record.", 3))
    faults = Count(required=True, metadata=about("Faults.", 0))
    conflicts = Count(required=True, metadata=about("Conflicts.", 0))
    missing = Count(required=True, metadata=about("Records that are no longer in the file.", 0))


class ImportHeadSchema(StrictSchema):
    """An import without its findings."""

    provenance = {
        "id": assigned("Made by the register with the import."),
        "state": computed("Whether it was applied, can be, or is too old."),
        "filename": echoed("Name of the file that was sent."),
        "kind": computed("From the bytes of the file."),
        "sha256": computed("SHA-256 of the file that was sent."),
        "created_at": assigned("The instant it was sent."),
        "expires_at": assigned("30 days after it was sent."),
        "based_on": echoed("The revision that stands in the workbook.", unit="none"),
        "seen_revision": assigned("The newest revision when it was compared.", unit="none"),
        "applied_at": assigned("The instant it was applied."),
        "revision": assigned("The revision that it became.", unit="none"),
        "apply": computed("The address where it is applied, while it can be."),
        "marked": computed("The address of the file with marks."),
        EVERY: _COMPARED,
    }

    id = IdField(required=True, metadata=about("Id of the import.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"))
    state = Code(lists.IMPORT_STATE, required=True, metadata=about("Where it stands.", "previewed"))
    filename = Text(required=True, allow_none=True, metadata=about("Name of the file.", "Projekte-MUNV.xlsx"))
    kind = Code(lists.IMPORT_KIND, required=True, metadata=about("What was read.", "xlsx"))
    sha256 = Text(required=True, max_length=64, metadata=about("SHA-256 of the file.", "9f86d081" + "0" * 56))
    created_at = InstantField(required=True, metadata=about("When it was sent.", "2026-06-30T08:00:00.000000Z"))
    expires_at = InstantField(
        required=True, metadata=about("Until when it can be applied.", "2026-07-30T08:00:00.000000Z")
    )
    based_on = Count(required=True, allow_none=True, metadata=about("Revision the workbook was given out at.", 12))
    seen_revision = Count(required=True, metadata=about("Revision it was compared with.", 14))
    applied_at = InstantField(required=True, allow_none=True, metadata=about("When it was applied."))
    revision = Count(
        required=True, allow_none=True, metadata=about("Revision it became; null where it changed nothing.")
    )
    counts = ma.fields.Nested(ImportCountsSchema, required=True, metadata=about("How many."))
    apply = Text(
        required=True,
        allow_none=True,
        metadata=about("Where it is applied; null when it was.", f"{_PATH}/apply"),
    )
    marked = Text(
        required=True,
        metadata=about("The file with marks in its cells.", f"{_PATH}/workbook"),
    )


class ImportSchema(ImportHeadSchema):
    """What a file changes, what is wrong in which cell, and what was applied."""

    changes = ma.fields.List(ma.fields.Nested(ImportChangeSchema), required=True, metadata=about("What it changes."))
    faults = ma.fields.List(ma.fields.Nested(ImportFaultSchema), required=True, metadata=about("What is wrong."))
    conflicts = ma.fields.List(
        ma.fields.Nested(ImportConflictSchema), required=True, metadata=about("What somebody else changed meanwhile.")
    )
    notices = ma.fields.List(
        ma.fields.Nested(ImportFaultSchema), required=True, metadata=about("What was left alone, or is worth a look.")
    )
    missing = ma.fields.List(
        ma.fields.Nested(MissingRowSchema), required=True, metadata=about("Records that are no longer in the file.")
    )
    applied = ma.fields.List(
        ma.fields.Nested(AppliedRowSchema), required=True, metadata=about("Rows that were carried out.")
    )


class ImportItemsSchema(StrictSchema):
    """The imports of one author, newest first."""

    provenance = {EVERY: computed("The imports of whoever asks, newest first.")}

    items = ma.fields.List(ma.fields.Nested(ImportHeadSchema), required=True, metadata=about("All of them."))


class ImportQuerySchema(StrictSchema):
    """How a file is taken."""

    dry_run = QueryBool(metadata=about("false: apply at once what is good as a whole. Default: true.", True))
    mode = Choice(
        (ALL, VALID_ROWS),
        "ImportMode",
        metadata=about("With dry_run=false: all or nothing, or the good rows. Default: all.", ALL),
    )
    sheet = Choice(
        SHEET_KEYS,
        "Sheet",
        metadata=about("The sheet that a CSV file holds; else its name or its columns say so.", "milestones"),
    )


class ApplyQuerySchema(StrictSchema):
    """How an import is applied."""

    mode = Choice(
        (ALL, VALID_ROWS),
        "ImportMode",
        load_default=ALL,
        metadata=about("All or nothing, or only the rows that are good.", ALL),
    )


class ToDoItemSchema(StrictSchema):
    """One thing that waits for you."""

    provenance = {
        "since": computed("Day of the status, planned day, day the award counts from, or day of the import."),
        EVERY: computed(
            "Open projects whose status is unknown or of before stale_before, milestones overdue or not reported, open "
            "awards without payments reported, and imports left with conflicts."
        ),
    }

    kind = Code(lists.TO_DO_KIND, required=True, metadata=about("What it is about.", "status_stale"))
    project = Slug(required=True, allow_none=True, metadata=about("Address of the project.", "oepnv-initiative"))
    project_title = Text(required=True, allow_none=True, metadata=about("Its title.", "ÖPNV-Initiative"))
    ministry = Name(required=True, allow_none=True, metadata=about("Who leads it.", "MUNV"))
    path = Text(required=True, metadata=about("Where it can be looked at.", "/v1/projects/oepnv-initiative"))
    since = Day(required=True, allow_none=True, metadata=about("Since when it waits; null: unknown.", "2022-12-31"))
    detail_de = Text(required=True, metadata=about("What to do.", "Status ist vom 31.12.2022; neuen Stand melden."))
    detail_en = Text(required=True, metadata=about("The same in English.", "Status is of 2022-12-31; report anew."))


class ToDoSchema(StrictSchema):
    """What waits for the caller, by project."""

    provenance = {
        "valid_on": computed("Today."),
        "stale_before": computed("182 days before valid_on."),
        "items": computed("What waits on the projects that the caller may change."),
    }

    valid_on = Day(required=True, metadata=about("The day it is for.", "2026-06-30"))
    stale_before = Day(required=True, metadata=about("A status from before this day counts as stale.", "2025-12-31"))
    items = ma.fields.List(ma.fields.Nested(ToDoItemSchema), required=True, metadata=about("All of them."))
