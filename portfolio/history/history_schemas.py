"""The JSON of the history: revisions, the feed, and what happened to one record."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from portfolio.core.fields import Code, Count, IdField, InstantField, LongText, Name, StrictSchema, Text
from portfolio.core.provenance import EVERY, assigned, computed, fixed, recorded
from portfolio.core.query_fields import QueryCount, repeated
from portfolio.core.query_fields import QueryText as Word
from portfolio.core.records import PERMITTED, PageQuerySchema, about
from portfolio.history.codelists import RECORDED_OPERATION
from portfolio.history.schemas import KnownAtQuerySchema

LONGEST_WAIT = 30
_HASH = "9f2c" * 16
DIFFERENCES = computed("The fields that differ between two images of the record, as far as the caller sees them.")
_WHERE_SHOWN = "where anything of it is shown"


class DifferenceSchema(StrictSchema):
    """One field, before and after; null where there was nothing."""

    provenance = {EVERY: computed("From the images of the record that two revisions kept.")}

    field = Text(required=True, metadata=about("Name of the field, as in the record itself.", "title_de"))
    old = ma.fields.Raw(required=True, allow_none=True, metadata=about("Before.", "ÖPNV"))
    new = ma.fields.Raw(required=True, allow_none=True, metadata=about("After.", "ÖPNV-Initiative"))


def differences() -> ma.fields.Field[Any]:
    description = "Fields that differ; of a record that was made or deleted, all that were not null."
    return ma.fields.List(ma.fields.Nested(DifferenceSchema), required=True, metadata=about(description))


class _StepSchema(StrictSchema):
    provenance = {
        "operation": computed("From what the caller sees of the record before and after the revision."),
        "version": assigned("`version` of the record after the revision.", unit="none"),
    }

    operation = Code(
        RECORDED_OPERATION, required=True, metadata=about("What happened to it, as the caller sees it.", "update")
    )
    version = Count(required=True, minimum=1, metadata=about("Version of the record after it.", 3))


class PlainRecordSchema(StrictSchema):
    """Which record."""

    provenance = {
        "id": assigned("Made by the register with the record; never used again for another."),
        "resource": computed("The kind of address under which the record, or what it is part of, is shown."),
        "type": fixed("The kind of record."),
        "path": computed("The address under which the record, or what it is part of, is shown."),
        "changes": DIFFERENCES,
    }

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

    provenance = {
        "type": fixed("The kind of part."),
        "id": assigned("Made by the register with the part; never used again for another."),
        "changes": DIFFERENCES,
    }

    type = Text(required=True, max_length=40, metadata=about("Kind of part.", "assignment"))
    id = IdField(required=True, metadata=about("Id of the part."))
    changes = differences()


class _FactsSchema(StrictSchema):
    provenance = {
        "revision": assigned("One more than that of the revision before, in the order of commits.", unit="none"),
        "at": assigned("The clock of the register when it was written; never earlier than the revision before."),
        "action": assigned("The operation that wrote it."),
        "ministry": assigned("The organisation of the credentials that wrote it."),
        "actor": assigned("The pseudonym of whoever wrote it.", internal=True),
        "reason": recorded("Change-Reason of the request, or `reason` of its body.", internal=True),
        "items": computed("The records that the revision touched, as far as the caller sees them."),
        "records": computed("The records that the revision touched, as far as the caller sees them."),
        "next": computed("This address with a cursor behind the last record of the page."),
    }

    revision = Count(required=True, minimum=1, metadata=about("Number of the revision, in commit order.", 1))
    at = InstantField(required=True, metadata=about("When it was written.", "2026-06-30T08:00:00.000000Z"))
    action = Text(metadata=about("What was done.", "projects.update", sometimes=_WHERE_SHOWN))
    ministry = Name(allow_none=True, metadata=about("Organisation it was done for.", "MUNV", sometimes=_WHERE_SHOWN))
    actor = Text(metadata=about("Pseudonym of the author; not public.", "act_system", sometimes=PERMITTED))
    reason = LongText(allow_none=True, metadata=about("Why; not public. [gelöscht] once erased.", sometimes=PERMITTED))


class HistoryItemSchema(_FactsSchema, _StepSchema):
    """What one revision did to a record and its parts."""

    provenance = {"changes": DIFFERENCES, "parts": computed("The parts of the record that the revision touched.")}

    changes = differences()
    parts = ma.fields.List(
        ma.fields.Nested(PartStepSchema),
        required=True,
        metadata=about("What it did to the parts that have no address of their own."),
    )


class _ProofSchema(_FactsSchema):
    provenance = {
        "epoch": assigned("Epoch of the log.", unit="none"),
        "schema": assigned("Number of the newest migration of the database.", unit="none"),
        "changes_count": assigned("Records that the revision touched."),
        "leaf": assigned("SHA-256 over the byte 0x00 and the header of the revision (RFC 6962)."),
        "changes_root": assigned("Root of the Merkle tree (RFC 6962) over the images of the records it touched."),
        "previous_leaf": assigned("`leaf` of the revision before."),
    }

    epoch = Count(required=True, minimum=1, metadata=about("Epoch of the log.", 1))
    schema = Count(required=True, minimum=0, metadata=about("Number of the newest migration when it was written.", 1))
    changes_count = Count(metadata=about("Records touched.", 2, sometimes="where all of them are shown"))
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

    provenance = {
        "items": computed("The revisions after `since`, in their order, that touched the resources asked for."),
        "next_since": computed("The last revision that this answer covers.", unit="none"),
        "head": computed("The newest revision when it was answered.", unit="none"),
    }

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
        Word(max_length=40),
        about("Only revisions that touched such records; the others are passed over.", ["projects"]),
    )
