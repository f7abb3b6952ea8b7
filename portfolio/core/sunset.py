"""Says on each answer of a deprecated operation that it goes, and when."""

from __future__ import annotations

from flask import Flask, Response, request

from portfolio.core.api import operation_of


def install(app: Flask) -> None:
    """Put the headers on the answers of ``app``, on refusals too: they may be all that a client sees."""
    app.after_request(_tell)


def _tell(answer: Response) -> Response:
    operation = operation_of(request)
    if operation is not None and operation.deprecated is not None:
        operation.deprecated.tell(answer)
    return answer
