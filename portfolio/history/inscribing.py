"""How a revision gets into the log: its rows, the new end of the log, and the numbers that tell what it touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from portfolio.core.db import table_of
from portfolio.history.archive import chunks
from portfolio.history.models import Change, LogHead, Redactable, Revision
from portfolio.history.trees import Touched, count

_MOST_AT_ONCE = 1000
# Put together once, and on the tables: on the mapped classes the session would look at each row first.
_REVISION, _CHANGE, _SECRET = (sa.insert(table_of(model)) for model in (Revision, Change, Redactable))
_HEAD = sa.update(table_of(LogHead))
_AT_ONCE = sa.text(
    """
    WITH revised AS (INSERT INTO revision (rev, header, leaf) VALUES (:rev, :header, :leaf)),
    changed AS (
      INSERT INTO change (rev, seq, entity, entity_id, body)
      SELECT :rev, * FROM unnest(
        CAST(:seqs AS integer[]), CAST(:entities AS text[]), CAST(:ids AS text[]), CAST(:bodies AS text[])
      )
    ),
    hidden AS (
      INSERT INTO redactable (rev, seq, path, salt, value)
      SELECT :rev, * FROM unnest(
        CAST(:of_seqs AS integer[]), CAST(:paths AS text[]), CAST(:salts AS bytea[]), CAST(:texts AS text[])
      )
    ),
    trees AS (
      INSERT INTO tree_revision (project_id, rev) SELECT unnest(CAST(:trees AS uuid[])), :rev
      ON CONFLICT (project_id) DO UPDATE SET rev = excluded.rev
    ),
    areas AS (
      INSERT INTO area_revision (area, rev) SELECT unnest(CAST(:areas AS text[])), :rev
      ON CONFLICT (area) DO UPDATE SET rev = excluded.rev
    )
    UPDATE log_head SET size = :size, frontier = :frontier, last_leaf = :last_leaf, last_at = :last_at
    """
).bindparams(sa.bindparam("rev", type_=sa.BigInteger))
"""One round trip to PostgreSQL instead of six."""


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
    head: Mapping[str, Any]
    """The columns of the log's new end."""
    touched: Touched


def inscribe(connection: Connection, written: Inscription) -> None:
    """Write a revision; the log's end is locked by this transaction."""
    if connection.dialect.name == "postgresql" and len(written.images) <= _MOST_AT_ONCE:
        connection.execute(_AT_ONCE, _values(written))
        return
    rev = written.rev
    connection.execute(_REVISION, {"rev": rev, "header": written.header, "leaf": written.leaf})
    # A large import has tens of thousands of images: they are not all copied at once.
    for part in chunks(written.images):
        connection.execute(_CHANGE, [image.row(rev) for image in part])
    for few in chunks(written.secrets):
        connection.execute(_SECRET, [{"rev": rev, **secret} for secret in few])
    connection.execute(_HEAD, written.head)
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
        **written.head,
    }
