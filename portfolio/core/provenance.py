"""Where the value of a field comes from: what the data dictionary must be told because no type says it.

A schema says it in its class attribute ``provenance``, by the names of its fields; what is not named there comes with
the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from portfolio.core.version import FIRST_VERSION

RECORDED, PUBLISHED, COMPUTED, ASSIGNED, FIXED, ECHOED = (
    "recorded",
    "published",
    "computed",
    "assigned",
    "fixed",
    "echoed",
)
EVERY = "*"
"""In the provenance of a schema: all its fields that are not named."""


@dataclass(frozen=True)
class Provenance:
    """What is to be known of a field beside its type and its description."""

    origin: str
    source: str
    """One sentence; of a computed field the rule."""
    unit: str | None = None
    """Where the class of the field does not say it."""
    internal: bool = False
    """Shown only to who sees the internals of the project."""
    since: str = FIRST_VERSION
    """The version of the API that it came with."""


Provenances = dict[str, Provenance]


def recorded(source: str = "", *, unit: str | None = None, internal: bool = False) -> Provenance:
    """Somebody entered it.

    :param source: by which way; by default with the record.
    """
    return Provenance(RECORDED, source, unit, internal)


def published(source: str, *, unit: str | None = None) -> Provenance:
    """It was compiled from public sources and cannot be written over HTTP."""
    return Provenance(PUBLISHED, source, unit)


def computed(rule: str, *, unit: str | None = None, internal: bool = False) -> Provenance:
    """The register works it out when it is asked."""
    return Provenance(COMPUTED, rule, unit, internal)


def assigned(source: str, *, unit: str | None = None, internal: bool = False) -> Provenance:
    """The register sets it when it writes."""
    return Provenance(ASSIGNED, source, unit, internal)


def fixed(source: str) -> Provenance:
    """It is part of the program and changes with its version only."""
    return Provenance(FIXED, source)


def echoed(source: str, *, unit: str | None = None) -> Provenance:
    """It repeats what was asked or sent."""
    return Provenance(ECHOED, source, unit)


def of_seed(*, unit: str | None = None) -> Provenance:
    """It came with the first data and is no longer written."""
    return published("Compiled from public sources; came with the first data (docs/data.md).", unit=unit)


DEMO = assigned("true for what `portfolio demo` made up.")
BASIS = assigned("`reported` for what was sent in; what came with the first data says what it rests on.")
STATUS_OF_DAY = computed("`to_status` of the last entry of its journal whose `holds_from_on` is on or before valid_on.")
JOURNAL: Provenances = {
    "seq": assigned("One more than that of the entry before.", unit="none"),
    "from_status": assigned("`to_status` of the entry before; null in the first one."),
    "to_status": recorded("`to` of the change of status."),
    "changed_on": recorded("`on` of the change of status, or the day its source gives."),
    "changed_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "holds_from_on": assigned(
        "`changed_on`; of a month or year its last day; without a day, the day from which the record itself counts."
    ),
    "basis": BASIS,
    "reason": recorded("`reason` of the change of status."),
}
"""Of the entries of every journal of changes of status."""
