"""Finished answers: bytes, ETag, 304, formats, language and the revision they were made for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import orjson
from flask import Response, request
from werkzeug.datastructures import MIMEAccept

from portfolio.core.problems import NotAcceptable, PreconditionRequired, StaleVersion
from portfolio.core.vocabulary import Language

REVISION_HEADER = "Register-Revision"
MIME = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "csv-de": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
}
LIST_FORMS = ("json", "csv", "csv-de", "xlsx", "jsonl")
REPORT_FORMS = ("json", "csv", "csv-de", "xlsx")
_VERSION, _VARIANT = re.compile(r"[1-9][0-9]{0,8}"), re.compile(r"[0-9A-Za-z]{1,64}")


@dataclass(frozen=True)
class Edition:
    """What an answer depends on beside its address: register, clocks, who may see, and form."""

    revision: int
    valid_on: date
    known_at: int | None
    """The resolved revision where one was asked for; None means now."""
    view: str
    form: str = "json"
    at: datetime | None = None
    """The instant of ``revision``, where it is known."""

    @property
    def _text(self) -> str:
        return f"{self.valid_on} {self.known_at} {self.view} {self.form}"

    def variant(self, pieces: Iterable[bytes]) -> str:
        """Short hash of what the answer depends on and of its bytes.

        A record shows facts of its parents, which leave its version alone; and an erasure changes what a past
        revision shows, so that a copy kept from before must not be taken for fresh.
        """
        found = hashlib.sha256(self._text.encode())
        for piece in pieces:
            found.update(piece)
        return found.hexdigest()[:10]


def json_bytes(body: Any) -> bytes:
    """JSON as UTF-8. Holds no floats: money and rates are text before they come here."""
    return orjson.dumps(body)


def record_answer(
    body: Mapping[str, Any], version: int, edition: Edition, *, status: int = 200, location: str | None = None
) -> Response:
    """One record with the strong ETag of its stored version."""
    data = json_bytes(body)
    answer = Response(data, status, mimetype="application/json")
    if location:
        answer.headers["Location"] = location
    return finished(answer, f"{version}-{edition.variant([data])}", edition)


class OnceAnswer(Response):
    """An answer that shows something once; ``kept`` is what the same request is given when it is sent again."""

    kept: bytes = b""


def private_answer(
    body: Mapping[str, Any],
    *,
    status: int = 200,
    location: str | None = None,
    next_page: str | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Response:
    """What is for this caller alone and kept by nobody on the way.

    :param kept: shown instead where the request is sent again.
    """
    answer = OnceAnswer(json_bytes(body), status, mimetype="application/json")
    answer.kept = json_bytes(kept or body)
    answer.headers["Cache-Control"] = "no-store"
    answer.set_etag(hashlib.sha256(answer.kept).hexdigest()[:20])
    if location:
        answer.headers["Location"] = location
    if next_page:
        answer.headers["Link"] = f'<{next_page}>; rel="next"'
    if status == 200 and request.method in ("GET", "HEAD"):
        answer.make_conditional(request)
    return answer


def json_answer(body: Mapping[str, Any], edition: Edition, *, next_page: str | None = None) -> Response:
    """A list or a report: its ETag begins with the register's revision."""
    data = json_bytes(body)
    answer = Response(data, mimetype="application/json")
    if next_page:
        answer.headers["Link"] = f'<{next_page}>; rel="next"'
    return finished(answer, f"r{edition.revision}-{edition.variant([data])}", edition)


def text_answer(text: str, revision: int) -> Response:
    """A text that is the same for everybody, such as a signed note."""
    answer = Response(text, content_type="text/plain; charset=utf-8")
    answer.headers[REVISION_HEADER] = str(revision)
    answer.headers["Cache-Control"] = "public, no-cache"  # may be kept, is asked for again
    answer.set_etag(hashlib.sha256(text.encode()).hexdigest()[:20])
    answer.make_conditional(request)
    return answer


def deleted_answer(revision: int) -> Response:
    answer = Response(status=204)
    answer.headers[REVISION_HEADER] = str(revision)
    return answer


def may_be_kept(answer: Response) -> None:
    """Say who may keep ``answer``: everybody for a minute, or its receiver alone, who asks again each time."""
    signed_in = "Authorization" in request.headers
    answer.headers["Cache-Control"] = "private, no-cache" if signed_in else "public, max-age=60"
    answer.vary.update(("Accept", "Authorization"))


def finished(answer: Response, tag: str, edition: Edition) -> Response:
    """``answer`` with its ETag and its headers; empty where the caller has it already."""
    answer.headers[REVISION_HEADER] = str(edition.revision)
    may_be_kept(answer)
    answer.set_etag(tag)
    if answer.status_code == 200 and request.method in ("GET", "HEAD"):
        answer.make_conditional(request)
    return answer


def required_version() -> int:
    """The version that ``If-Match`` names; only the number counts, so a tag of any variant will do.

    :raises PreconditionRequired: no header.
    :raises StaleVersion: a weak tag, ``*``, several tags or none of ours: they prove nothing about what was read.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag you read, so that no other change is overwritten.")
    number, dash, variant = header.removeprefix('"').removesuffix('"').partition("-")
    quoted = len(header) > 2 and header.startswith('"') and header.endswith('"')
    if not (quoted and dash and _VARIANT.fullmatch(variant) and _VERSION.fullmatch(number)):
        raise StaleVersion("If-Match takes exactly one strong ETag as it was given; read the record again.")
    return int(number)


def chosen_format(formats: Sequence[str]) -> str:
    """The form of the answer: ``?format=`` decides (the query schema knows it), else ``Accept``.

    :raises NotAcceptable: the caller accepts none of the forms there are.
    """
    asked = request.args.get("format")
    if asked in formats:
        return str(asked)
    accept: MIMEAccept = request.accept_mimetypes
    if not accept or not request.headers.get("Accept", "").strip():
        return formats[0]
    offered = {MIME[form].split(";")[0]: form for form in reversed(formats)}
    best = accept.best_match(list(reversed(offered)))
    if best is None:
        raise NotAcceptable(f"This address answers as {', '.join(offered)}; change Accept or leave it out.")
    return offered[best]


def asked_language() -> Language:
    """German, or English where the caller would rather have that (``Accept-Language``)."""
    for tag, quality in request.accept_languages:  # best first
        language = tag.partition("-")[0].lower()
        if quality and language in ("de", "en"):
            return cast(Language, language)
    return "de"
