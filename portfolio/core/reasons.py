"""Why a write is made: the ``Change-Reason`` header, and the changes that need a reason (DOMAIN 3 and 4)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import marshmallow as ma
from flask import request

from portfolio.core.fields import clean_text
from portfolio.core.problems import Invalid, ProblemError

REASON_HEADER = "Change-Reason"
LARGEST_REASON = 500
_ENCODED = re.compile(r"(?:[\x20-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*")


class ReasonRequired(Invalid):
    """Re-openings, corrections, removals, and what goes beyond what was asked for say why."""

    slug = "reason-required"
    title = "This change needs a reason"


def change_reason() -> str | None:
    """The reason in the header, percent-encoded UTF-8 since header fields carry ASCII only; None without one.

    :raises Invalid: it is not percent-encoded UTF-8, empty, or too long.
    """
    header = request.headers.get(REASON_HEADER)
    if header is None:
        return None
    if not _ENCODED.fullmatch(header):
        raise _refused("not_percent_encoded", "Percent-encode the UTF-8 form of the text, and % itself as %25.")
    try:
        return clean_text(unquote_to_bytes(header).decode(), minimum=1, maximum=LARGEST_REASON, lines=False)
    except UnicodeDecodeError:
        raise _refused("not_utf8", "This is not UTF-8; percent-encode the UTF-8 form of the text.") from None
    except ma.ValidationError as error:
        raise _refused(*error.messages[0]) from None


def given_reason(field: str | None) -> str | None:
    """The reason of a change that takes one in its body: there or in the header, never in both.

    :raises Invalid: two reasons.
    """
    header = change_reason()
    if header is not None and field is not None:
        raise _refused("two_reasons", "The body gives a reason too; send one of them.")
    return field if header is None else header


def require_reason(reason: str | None, what: str) -> None:
    """:raises ReasonRequired: ``what`` (a transition) comes without a reason."""
    if reason is None:
        detail = f"{what} needs a reason: send `reason`, or the header {REASON_HEADER}."
        raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, pointer="#/reason")])


def require_reason_header(what: str) -> None:
    """:raises ReasonRequired: ``what`` has no field for a reason, and the header is missing."""
    if change_reason() is None:
        detail = f"{what} needs a reason; send the header {REASON_HEADER}."
        raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, parameter=REASON_HEADER)])


def refuse_reason() -> None:
    """:raises Invalid: a reason for a write that makes no revision, and so would lose it."""
    if REASON_HEADER in request.headers:
        raise _refused("not_recorded", "This makes no revision that could hold a reason; leave the header out.")


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(f"{REASON_HEADER}: {detail}", errors=[ProblemError(code, detail, parameter=REASON_HEADER)])
