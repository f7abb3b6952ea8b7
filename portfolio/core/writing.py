"""How a route's write meets whoever keeps its answer: begun in the route, committed when the answer is finished."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import Protocol

from flask import Request, g
from sqlalchemy.orm import Session

from portfolio.core.db import WriteContext
from portfolio.core.problems import BadRequest

KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyNeeded(BadRequest):
    """A write that could be doubled by sending it again needs a key of its own, or the key has no proper form."""

    slug = "idempotency-key-needed"
    title = "A key for safe retries is needed"


class Writing(Protocol):
    """The write of one request."""

    def transaction(self, context: WriteContext) -> AbstractContextManager[Session]:
        """The session of the write. Leaving it does all the work but the commit, which follows the answer."""

    def allowed(self) -> None:
        """The author may do this to the loaded record: from here on a kept answer may be given again."""


def current_writing() -> Writing:
    """The write of the running request; in place for every operation that has a line in the policy table."""
    writing: Writing = g.writing
    return writing


def retry_key(request: Request, *, required: bool) -> str | None:
    """The caller's key for this write; None where there is none and none is needed.

    :raises KeyNeeded: it is missing, or is not 1 to 255 visible ASCII characters.
    """
    key = request.headers.get(KEY_HEADER)
    if required and not key:
        raise KeyNeeded(f"Send {KEY_HEADER} with a fresh random text (a UUID), and the same one when you try again.")
    if key is not None and not _KEY.fullmatch(key):
        raise KeyNeeded(f"{KEY_HEADER} is 1 to 255 visible ASCII characters; a UUID will do.")
    return key
