"""The life of a project, and the few groups that reports speak of (DOMAIN 3)."""

from __future__ import annotations

from portfolio.core.lifecycle import UNKNOWN, Lifecycle

PROPOSED = "proposed"
ADOPTED = "adopted"
UNDER_REVIEW = "under_review"
IN_IMPLEMENTATION = "in_implementation"
SUSPENDED = "suspended"
COMPLETED = "completed"
CONTINUED = "continued"
NOT_PURSUED = "not_pursued"
TRANSFERRED_OUT = "transferred_out"
MERGED = "merged"

LEAVES_POPULATION = frozenset({TRANSFERRED_OUT, MERGED})
CLOSED = frozenset({COMPLETED, CONTINUED, NOT_PURSUED, TRANSFERRED_OUT, MERGED})
REMOVALS = (NOT_PURSUED, TRANSFERRED_OUT, MERGED)
_REOPENED = (ADOPTED, UNDER_REVIEW, IN_IMPLEMENTATION)

LIFECYCLE = Lifecycle(
    "project",
    PROPOSED,
    {
        PROPOSED: (ADOPTED, SUSPENDED, *REMOVALS),
        ADOPTED: (UNDER_REVIEW, IN_IMPLEMENTATION, SUSPENDED, *REMOVALS),
        UNDER_REVIEW: (ADOPTED, IN_IMPLEMENTATION, COMPLETED, CONTINUED, SUSPENDED, *REMOVALS),
        IN_IMPLEMENTATION: (UNDER_REVIEW, COMPLETED, CONTINUED, SUSPENDED, *REMOVALS),
        SUSPENDED: (PROPOSED, ADOPTED, UNDER_REVIEW, IN_IMPLEMENTATION, *REMOVALS),
        COMPLETED: (CONTINUED, *_REOPENED),
        CONTINUED: _REOPENED,
        NOT_PURSUED: _REOPENED,
        TRANSFERRED_OUT: _REOPENED,
        MERGED: _REOPENED,
    },
)
"""Leaving a closed status other than for ``continued`` is a re-opening and needs a decision."""

BUCKETS = ("done", "running", "checking", "not_started", "dropped", "not_known", "left")
_BUCKET = {
    COMPLETED: "done",
    CONTINUED: "done",
    IN_IMPLEMENTATION: "running",
    UNDER_REVIEW: "checking",
    SUSPENDED: "checking",
    NOT_PURSUED: "dropped",
    TRANSFERRED_OUT: "left",
    MERGED: "left",
}


def bucket_of(status: str | None, basis: str | None) -> str:
    """The report's group for a status. Adopted or proposed is ``not_started`` only where somebody said so."""
    if status in _BUCKET:
        return _BUCKET[status]
    return "not_known" if status is None or basis == UNKNOWN else "not_started"


def is_reopening(current: str, target: str) -> bool:
    return current in CLOSED and target not in CLOSED
