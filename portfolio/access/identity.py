"""Who a request's credentials stand for."""

from __future__ import annotations

from portfolio.access.service import Author, find_author
from portfolio.core.db import Database
from portfolio.core.problems import Unauthenticated

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="portfolio"'}
HOW = "Send `Authorization: Bearer pk_…`; an administrator makes keys with `portfolio key create`."


def identify(database: Database, header: str) -> Author:
    """The author behind the value of an ``Authorization`` header.

    :raises Unauthenticated: it is no bearer key, or the key is unknown, expired or revoked.
    """
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated(f"Only bearer keys are known here. {HOW}", headers=CHALLENGE)
    with database.snapshot() as session:
        author = find_author(session, secret.strip())
    if author is None:
        raise Unauthenticated(f"This key is unknown, expired or revoked. {HOW}", headers=CHALLENGE)
    return author
