"""How a revision gets into the log: its rows, the new end of the log, and the numbers that tell what it touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from portfolio.core.db import table_of
from portfolio.core.sending import Fixed, NewRows
from portfolio.history.archive import chunks
from portfolio.history.models import Change, Idempotency, LogHead, Redactable, Revision
from portfolio.history.trees import Touched, count

_MOST_AT_ONCE = 1000
_REVISION, _CHANGE, _SECRET = (NewRows(table_of(model)) for model in (Revision, Change, Redactable))
_HEAD = Fixed(
    sa.update(table_of(LogHead)).values(
        {name: sa.bindparam(name) for name in ("size", "frontier", "last_leaf", "last_at")}
    )
)
_AT_ONCE = """
WITH revised AS (INSERT INTO revision (rev, header, leaf) VALUES (%(rev)s, %(header)s, %(leaf)b)),
changed AS (
  INSERT INTO change (rev, seq, entity, entity_id, body)
  SELECT %(rev)s, * FROM unnest(
    %(seqs)b::integer[], %(entities)b::text[], %(ids)b::text[], %(bodies)b::text[]
  )
),
hidden AS (
  INSERT INTO redactable (rev, seq, path, salt, value)
  SELECT %(rev)s, * FROM unnest(%(of_seqs)b::integer[], %(paths)b::text[], %(salts)b::bytea[], %(texts)b::text[])
),
trees AS (
  INSERT INTO tree_revision (project_id, rev) SELECT unnest(%(trees)b::uuid[]), %(rev)s
  ON CONFLICT (project_id) DO UPDATE SET rev = excluded.rev
),
areas AS (
  INSERT INTO area_revision (area, rev) SELECT unnest(%(areas)b::text[]), %(rev)s
  ON CONFLICT (area) DO UPDATE SET rev = excluded.rev
){kept}
UPDATE log_head SET size = %(rev)s, frontier = %(frontier)b, last_leaf = %(leaf)b, last_at = %(at)s
""".replace("%(rev)s", "%(rev)s::bigint")
"""One round trip to PostgreSQL instead of six, in its driver's own words: nothing is put together for each write.

Arrays are sent as ``b``, binary: as text their every quotation mark would be escaped by itself.
"""
_WITH_ANSWER = """,
kept AS (
  UPDATE idempotency
  SET status = %(status)s, headers = %(headers)s, body = %(body)b, rev = %(rev)s::bigint, created_at = %(at)s
  WHERE scope = %(scope)s AND key_hash = %(key_hash)b
)"""
_ALONE, _ANSWERED = (_AT_ONCE.replace("{kept}", kept) for kept in ("", _WITH_ANSWER))
_KEPT = table_of(Idempotency)
_STORE = Fixed(
    sa.update(_KEPT)
    .where(_KEPT.c.scope == sa.bindparam("of_scope"), _KEPT.c.key_hash == sa.bindparam("of_key"))
    .values({name: sa.bindparam(name) for name in ("status", "headers", "body", "rev", "created_at")})
)


@dataclass(frozen=True)
class KeptAnswer:
    """What the same request is answered when it is sent again."""

    scope: str
    key_hash: bytes
    status: int
    headers: str
    body: bytes


@dataclass(frozen=True)
class Image:
    """One record as it will stand in the history."""

    entity: str
    entity_id: str
    seq: int
    body: bytes
    secrets: list[dict[str, Any]]

    def row(self, rev: int) -> dict[str, Any]:
        return {
            "rev": rev,
            "seq": self.seq,
            "entity": self.entity,
            "entity_id": self.entity_id,
            "body": self.body.decode(),
        }


@dataclass(frozen=True)
class Inscription:
    """A revision, ready to be written."""

    rev: int
    header: str
    leaf: bytes
    images: Sequence[Image]
    secrets: Sequence[Mapping[str, Any]]
    frontier: bytes
    at: str
    touched: Touched


def inscribe(connection: Connection, written: Inscription, answer: KeptAnswer | None = None) -> None:
    """Write a revision, and the answer that is kept with it; the log's end is locked by this transaction."""
    if connection.dialect.name == "postgresql" and len(written.images) <= _MOST_AT_ONCE:
        values = _values(written)
        connection.exec_driver_sql(_ALONE, values) if answer is None else connection.exec_driver_sql(
            _ANSWERED, values | vars(answer)
        )
        return
    _inscribe_parts(connection, written)
    if answer is not None:
        keep_answer(connection, answer, written.rev, written.at)


def keep_answer(connection: Connection, answer: KeptAnswer, rev: int | None, at: str) -> None:
    """Fill in the key's row, which this transaction has made."""
    values = {"status": answer.status, "headers": answer.headers, "body": answer.body, "rev": rev, "created_at": at}
    _STORE.send(connection, {"of_scope": answer.scope, "of_key": answer.key_hash, **values})


def _inscribe_parts(connection: Connection, written: Inscription) -> None:
    rev = written.rev
    _REVISION.send(connection, [{"rev": rev, "header": written.header, "leaf": written.leaf}])
    # A large import has tens of thousands of images: they are not all copied at once.
    for part in chunks(written.images):
        _CHANGE.send(connection, [image.row(rev) for image in part])
    for few in chunks(written.secrets):
        _SECRET.send(connection, [{"rev": rev, **secret} for secret in few])
    _HEAD.send(
        connection, {"size": rev, "frontier": written.frontier, "last_leaf": written.leaf, "last_at": written.at}
    )
    count(connection, written.touched, rev)


def _values(written: Inscription) -> dict[str, Any]:
    images, secrets = written.images, written.secrets
    return {
        "rev": written.rev,
        "header": written.header,
        "leaf": written.leaf,
        "seqs": [image.seq for image in images],
        "entities": [image.entity for image in images],
        "ids": [image.entity_id for image in images],
        "bodies": [image.body.decode() for image in images],
        "of_seqs": [secret["seq"] for secret in secrets],
        "paths": [secret["path"] for secret in secrets],
        "salts": [secret["salt"] for secret in secrets],
        "texts": [secret["value"] for secret in secrets],
        "trees": sorted(written.touched.trees),
        "areas": sorted(written.touched.areas),
        "frontier": written.frontier,
        "at": written.at,
    }
