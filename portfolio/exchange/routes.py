"""/v1/workbook, /v1/imports and /v1/me/to-do: bringing projects up to date from Excel."""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson
from flask import Response, request
from flask.views import MethodView
from werkzeug.datastructures import FileStorage

from portfolio.access.guard import (
    current_author,
    current_view,
    optional_author,
    require_own_of_many,
    transaction,
)
from portfolio.core.answers import MIME, asked_language, private_answer
from portfolio.core.api import Blueprint
from portfolio.core.dates import format_instant
from portfolio.core.db import current_database
from portfolio.core.downloads import file_answer
from portfolio.core.fields import Choice
from portfolio.core.problems import Invalid, ProblemError, from_messages
from portfolio.core.reasons import change_reason
from portfolio.core.writing import current_writing, retry_key
from portfolio.exchange.export import write_csv, write_workbook
from portfolio.exchange.fault_texts import GERMAN
from portfolio.exchange.imports import (
    ALL,
    APPLIED,
    KEPT_FOR,
    VALID_ROWS,
    Sent,
    apply,
    compare,
    import_of,
    imports_of,
    preview,
    take_at_once,
    unpacked,
)
from portfolio.exchange.marked import write_marked
from portfolio.exchange.models import Import
from portfolio.exchange.rows import chosen_projects
from portfolio.exchange.schemas import (
    SHEET_KEYS,
    ApplyQuerySchema,
    ImportItemsSchema,
    ImportQuerySchema,
    ImportSchema,
    ToDoSchema,
    WorkbookQuerySchema,
)
from portfolio.exchange.sheets import BY_KEY
from portfolio.exchange.to_do import as_line, stale_before, to_do
from portfolio.exchange.upload import LARGEST_UPLOAD
from portfolio.history.reading import open_reading
from portfolio.history.serving import edition_of, reading

blp = Blueprint("exchange", __name__, url_prefix="/v1", description="Workbooks out and in, and what waits for you.")

UPLOADS = "/v1/imports"
LARGEST_FORM = LARGEST_UPLOAD + 64 * 1024
"""The file, with the lines around it."""
_XLSX = {MIME["xlsx"]: "An Excel workbook."}
_CSV = {"text/csv": "One sheet: RFC 4180, UTF-8, one header row."}
_FILE = {
    "type": "string",
    "format": "binary",
    "maxLength": LARGEST_UPLOAD,
    "description": "A workbook (.xlsx) or one sheet as CSV, at most 10 MiB.",
}
_SAME = "As the parameter of that name."
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": _FILE,
                        "dry_run": {"type": "string", "enum": ["true", "false"], "description": _SAME},
                        "mode": {**Choice((ALL, VALID_ROWS), "ImportMode").openapi(), "description": _SAME},
                        "sheet": {**Choice(SHEET_KEYS, "Sheet").openapi(), "description": _SAME},
                    },
                },
                "example": {"file": "(the bytes of the file)", "dry_run": "true"},
            }
        },
    }
}
_FIELDS = ("dry_run", "mode", "sheet")


@blp.route("/workbook")
class Workbook(MethodView):
    @blp.operation("getWorkbook", files=_XLSX | _CSV)
    @blp.arguments(WorkbookQuerySchema, location="query")
    @blp.response(200)
    def get(self, query: dict[str, Any]) -> Response:
        """Get projects as a workbook

        To be edited in Excel and sent back to /v1/imports. Without a filter it holds the projects that the caller's
        organisation leads, for everybody else all of them.
        """
        form, language = query.get("format") or ("csv" if "sheet" in query else "xlsx"), asked_language()
        if ("sheet" in query) == (form == "xlsx"):
            detail = "A workbook holds all sheets, a CSV file one; name it with format=csv or csv-de, and only then."
            raise Invalid(detail, errors=[ProblemError("sheet_and_format", detail, parameter="sheet")])
        with reading({}) as moment:
            view, author = current_view(), optional_author()
            slugs = chosen_projects(moment, _chosen(query, view))
            edition = edition_of(moment, form)
            if form != "xlsx":
                sheet = BY_KEY[query["sheet"]]
                write = partial(write_csv, sheet=sheet, moment=moment, view=view, slugs=slugs, german=form == "csv-de")
                return file_answer(write, sheet.key, edition)
            waiting = [as_line(item, language) for item in (to_do(moment, author, view) if author else ())]
            write = partial(write_workbook, moment=moment, view=view, slugs=slugs, language=language, waiting=waiting)
            return file_answer(write, "workbook", edition)


@blp.route("/imports")
class Imports(MethodView):
    @blp.operation("listImports", access="imports.list")
    @blp.response(200, ImportItemsSchema)
    def get(self) -> Response:
        """List your imports

        The newest first; each is kept for 30 days, at most 20 of one author.
        """
        with current_database().snapshot() as session:
            return private_answer({"items": [_head(kept) for kept in imports_of(session, current_author().actor_id)]})

    @blp.operation(
        "createImport",
        access="imports.create",
        body="form",
        key_required=False,
        largest=LARGEST_FORM,
        extra=_BODY,
    )
    @blp.arguments(ImportQuerySchema, location="query")
    @blp.response(201, ImportSchema)
    def post(self, query: dict[str, Any]) -> Response:
        """Send a workbook in

        Answers each cell that would change, each fault with its place, and each conflict. Nothing changes until it is
        applied, unless `dry_run=false`; that one needs an `Idempotency-Key`.
        """
        sent, options = _sent(query)
        author, view, reason = current_author(), current_view(), change_reason()
        at_once = not options.get("dry_run", True)
        if at_once:
            retry_key(request, required=True)
        with open_reading(current_database()) as moment:
            compared = compare(moment, view, sent, author.actor_id)
        with transaction("imports.apply" if at_once else "imports.create") as session:
            current_writing().allowed()
            take = partial(take_at_once, mode=options.get("mode", ALL)) if at_once else preview
            who = author.actor_id
            kept = take(session, compared, sent, require_own_of_many, view=view, actor_id=who, reason=reason)
            body = _shown(kept)
        return private_answer(body, status=201, location=f"/v1/imports/{kept.id}")


@blp.route("/imports/<uuid:import_id>")
class ImportById(MethodView):
    @blp.operation("getImport", access="imports.list")
    @blp.response(200, ImportSchema)
    def get(self, import_id: UUID) -> Response:
        """Get an import

        What was found in the file, and what became of it.
        """
        with current_database().snapshot() as session:
            return private_answer(_shown(import_of(session, import_id, current_author().actor_id)))


@blp.route("/imports/<uuid:import_id>/apply")
class ImportApply(MethodView):
    @blp.operation("applyImport", access="imports.apply")
    @blp.arguments(ApplyQuerySchema, location="query")
    @blp.response(200, ImportSchema)
    def post(self, query: dict[str, Any], import_id: UUID) -> Response:
        """Apply an import

        Exactly the changes that were previewed, as one revision. A record that somebody changed meanwhile stops it,
        or with `mode=valid_rows` is left out.
        """
        author = current_author()
        with current_database().snapshot() as session:
            reason = change_reason() or import_of(session, import_id, author.actor_id).reason
        with transaction("imports.apply", reason=reason) as session:
            kept = import_of(session, import_id, author.actor_id, lock=True)
            current_writing().allowed()
            kept.reason = reason
            apply(session, kept, require_own_of_many, view=current_view(), mode=query["mode"])
            body = _shown(kept)
        return private_answer(body)


@blp.route("/imports/<uuid:import_id>/workbook")
class ImportWorkbook(MethodView):
    @blp.operation("getImportWorkbook", access="imports.list", files=_XLSX)
    @blp.response(200)
    def get(self, import_id: UUID) -> Response:
        """Get the file back, with marks

        A copy of what was sent in, with each fault, conflict and change marked in its cell; mend it and send it in.
        """
        with reading({}) as moment:
            kept = import_of(moment.session, import_id, current_author().actor_id)
            write = partial(write_marked, kept=kept, language=asked_language())
            answer = file_answer(write, "import", edition_of(moment, "xlsx"))
            answer.headers["Cache-Control"] = "no-store"
            return answer


@blp.route("/me/to-do")
class ToDo(MethodView):
    @blp.operation("getToDo", signed_in=True)
    @blp.response(200, ToDoSchema)
    def get(self) -> Response:
        """Get what waits for you

        On the projects that your organisation leads: states older than half a year, milestones that are overdue,
        awards on which no payment was ever reported; and conflicts left from your imports.
        """
        with reading({}) as moment:
            return private_answer(
                {
                    "valid_on": moment.valid_on.isoformat(),
                    "stale_before": stale_before(moment).isoformat(),
                    "items": to_do(moment, current_author(), current_view()),
                }
            )


def _chosen(query: dict[str, Any], view: str) -> dict[str, Any]:
    """The filters; without any, the projects of the caller's own organisation."""
    filters = {name: value for name, value in query.items() if name not in ("format", "sheet", "include_demo")}
    if filters or not view.startswith("own:"):
        return query
    # Whoever leads a demonstration project is there to try things out.
    return {"lead_ministry": [view.removeprefix("own:")], "include_demo": True}


def _sent(query: dict[str, Any]) -> tuple[Sent, dict[str, Any]]:
    """The file and its options, which may stand in the address or in the form.

    :raises Invalid: no file, several, or a field that is unknown or contradicts the address.
    """
    request.get_data(cache=True)  # kept for the fingerprint of the request
    errors = []
    files: list[tuple[str, FileStorage]] = list(request.files.items(multi=True))
    if [name for name, _ in files] != ["file"]:
        detail = "Send exactly one file, in the part named file."
        errors.append(ProblemError("one_file", detail, pointer="#/file"))
    fields: dict[str, str] = {}
    for name, value in request.form.items(multi=True):
        if name not in _FIELDS:
            detail = f"There is no field {name:.40}; known are file, {', '.join(_FIELDS)}."
            errors.append(ProblemError("unknown_field", detail, pointer=f"#/{name:.40}"))
        elif name in fields or name in request.args:
            errors.append(ProblemError("duplicate_parameter", "Say this once.", pointer=f"#/{name}"))
        fields[name] = value
    if errors:
        raise Invalid(f"{errors[0].pointer}: {errors[0].detail}", errors=errors)
    try:
        options = {**query, **ImportQuerySchema().load(fields)}
    except ma.ValidationError as error:
        errors = from_messages({"json": error.messages})
        raise Invalid(f"{errors[0].pointer}: {errors[0].detail}", errors=errors) from None
    _, file = files[0]
    return Sent(file.stream.read(), file.filename or "", options.get("sheet")), options


def _head(kept: Import) -> dict[str, Any]:
    return {
        "id": str(kept.id),
        "state": kept.state,
        "filename": kept.filename or None,
        "kind": kept.kind,
        "sha256": kept.sha256,
        "created_at": format_instant(kept.created_at),
        "expires_at": format_instant(kept.created_at + KEPT_FOR),
        "based_on": kept.based_on,
        "seen_revision": kept.seen_revision,
        "applied_at": None if kept.applied_at is None else format_instant(kept.applied_at),
        "revision": kept.revision,
        "counts": unpacked(kept.result)["counts"],
        "apply": None if kept.state == APPLIED else f"{UPLOADS}/{kept.id}/apply",
        "marked": f"{UPLOADS}/{kept.id}/workbook",
    }


def _shown(kept: Import) -> dict[str, Any]:
    """A large file has many changes, which are passed on as they were written."""
    changes = orjson.Fragment(zlib.decompress(kept.changes))
    result = unpacked(kept.result)
    for fault in (*result["faults"], *result["notices"]):
        fault["detail_de"] = GERMAN.get(fault["code"])
    return {**_head(kept), "changes": changes, **result}
