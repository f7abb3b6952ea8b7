"""The JSON of the history: revisions, the feed, and what happened to one record."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from portfolio.core.fields import Count, IdField, InstantField, LongText, Name, QueryCount, StrictSchema, Text, repeated
from portfolio.core.fields import QueryText as Word
from portfolio.core.records import PageQuerySchema, about
from portfolio.history.codelists import RECORDED_OPERATION
from portfolio.history.schemas import KnownAtQuerySchema

LONGEST_WAIT = 30
_HASH = "9f2c" * 16


class DifferenceSchema(StrictSchema):
    """One field, before and after; null where there was nothing."""

    field = Text(required=True, metadata=about("Name of the field, as in the record itself.", "title_de"))
    old = ma.fields.Raw(required=True, allow_none=True, metadata=about("Before.", "ÖPNV"))
    new = ma.fields.Raw(required=True, allow_none=True, metadata=about("After.", "ÖPNV-Initiative"))


def differences() -> ma.fields.Field[Any]:
    description = "Fields that differ; of a record that was made or deleted, all that were not null."
    return ma.fields.List(ma.fields.Nested(DifferenceSchema), required=True, metadata=about(description))


class _StepSchema(StrictSchema):
    operation = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(RECORDED_OPERATION.codes),
        metadata=about("What happened to it, as the caller sees it.", "update"),
    )
    version = Count(required=True, minimum=1, metadata=about("Version of the record after it.", 3))


class PlainRecordSchema(StrictSchema):
    """Which record."""

    resource = Text(required=True, max_length=40, metadata=about("Kind of address it is shown at.", "projects"))
    type = Text(required=True, max_length=40, metadata=about("Kind of record; parts have one of their own.", "project"))
    id = IdField(required=True, metadata=about("Id of the record.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"))
    path = Text(required=True, metadata=about("Where it is shown.", "/v1/projects/oepnv-initiative"))


class RecordStepSchema(PlainRecordSchema, _StepSchema):
    """What a revision did to one record."""


class RecordDifferenceSchema(PlainRecordSchema, _StepSchema):
    """What happened to one record, field by field."""

    changes = differences()


class PartStepSchema(_StepSchema):
    """What a revision did to a part of the record: an assignment, a role, an entry of its journal."""

    type = Text(required=True, max_length=40, metadata=about("Kind of part.", "assignment"))
    id = IdField(required=True, metadata=about("Id of the part."))
    changes = differences()


class _FactsSchema(StrictSchema):
    revision = Count(required=True, minimum=1, metadata=about("Number of the revision, in commit order.", 1))
    at = InstantField(required=True, metadata=about("When it was written.", "2026-06-30T08:00:00.000000Z"))
    action = Text(metadata=about("What was done; left out where nothing of it is shown.", "projects.update"))
    ministry = Name(allow_none=True, metadata=about("Organisation it was done for; left out like the action.", "MUNV"))
    actor = Text(metadata=about("Pseudonym of the author; not public.", "act_system"))
    reason = LongText(allow_none=True, metadata=about("Why; not public. [gelöscht] once erased."))


class HistoryItemSchema(_FactsSchema, _StepSchema):
    """What one revision did to a record and its parts."""

    changes = differences()
    parts = ma.fields.List(
        ma.fields.Nested(PartStepSchema),
        required=True,
        metadata=about("What it did to the parts that have no address of their own."),
    )


class _ProofSchema(_FactsSchema):
    epoch = Count(required=True, minimum=1, metadata=about("Epoch of the log.", 1))
    schema = Count(required=True, minimum=0, metadata=about("Number of the newest migration when it was written.", 1))
    changes_count = Count(metadata=about("Records touched; left out where some are not shown.", 2))
    leaf = Text(required=True, max_length=64, metadata=about("Leaf of the log: SHA-256, hex.", _HASH))
    changes_root = Text(required=True, max_length=64, metadata=about("Merkle root over its changes, hex.", _HASH))
    previous_leaf = Text(required=True, max_length=64, metadata=about("Leaf of the revision before, hex.", _HASH))


class RevisionEntrySchema(_ProofSchema):
    """One revision with the records it touched."""

    records = ma.fields.List(
        ma.fields.Nested(RecordStepSchema), required=True, metadata=about("The records it touched, as far as shown.")
    )


class RevisionSchema(_ProofSchema):
    """One revision with its changes, record by record."""

    items = ma.fields.List(
        ma.fields.Nested(RecordDifferenceSchema), required=True, metadata=about("Its changes, as far as shown.")
    )
    next = Text(
        required=True, allow_none=True, max_length=4000, metadata=about("Path of the next page; null at the end.")
    )


class FeedSchema(StrictSchema):
    """The revisions after one, in their order, without a gap."""

    items = ma.fields.List(
        ma.fields.Nested(RevisionEntrySchema), required=True, metadata=about("The revisions, oldest first.")
    )
    next_since = Count(required=True, minimum=0, metadata=about("Send this as `since` next time.", 1))
    head = Count(required=True, minimum=0, metadata=about("Newest revision; more is there if it is larger.", 1))


class HistoryQuerySchema(KnownAtQuerySchema, PageQuerySchema):
    """Which page of a history."""


class FeedQuerySchema(StrictSchema):
    """Which revisions of the feed."""

    since = QueryCount(
        minimum=0, load_default=0, metadata=about("Revisions after this one; 0 begins at the beginning.", 1)
    )
    limit = QueryCount(minimum=1, maximum=200, load_default=50, metadata=about("Revisions per answer, 1 to 200.", 50))
    wait = QueryCount(
        minimum=0,
        maximum=LONGEST_WAIT,
        load_default=0,
        metadata=about("Seconds to wait for a revision after `since`, up to 30. A busy register answers at once.", 0),
    )
    resource = repeated(
        Word(max_length=40), about("Only revisions that touched such records; the others are passed over.", "projects")
    )
