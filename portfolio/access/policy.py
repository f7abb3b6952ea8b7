"""Who may do what: operation x role x {any, own}, in one table (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portfolio.core.problems import Forbidden

if TYPE_CHECKING:
    from portfolio.access.service import Author

ANY = "any"
OWN = "own"

VIEWER = "viewer"
"""Whoever sends no credentials, or good ones that name no role here."""
ROLES = ("coordinator", "editor", "approver", "auditor", "admin")
"""The roles that a key or token can give."""
OF_ONE_ORGANISATION = ("editor", "approver")

_OWNED = {"coordinator": ANY, "editor": OWN, "approver": OWN}
_COORDINATED = {"coordinator": ANY}
_ADMINISTERED = {"admin": ANY}

POLICY: Mapping[str, Mapping[str, str]] = {
    "organisations.create": _COORDINATED,
    "organisations.update": _COORDINATED,
    "decisions.create": _COORDINATED,
    "projects.create": _COORDINATED,
    "projects.update": _OWNED,
    "projects.delete": _COORDINATED,  # who leads a project has a part in it, and so can no longer delete it
    "projects.transition": _OWNED,
    "projects.assign": _OWNED,
    "projects.appoint": _OWNED,
    "funding-programmes.create": _COORDINATED,
    "funding-programmes.update": _COORDINATED,
    "applications.create": _OWNED,
    "applications.update": _OWNED,
    "applications.delete": _OWNED,
    "applications.transition": _OWNED,
    "awards.create": _OWNED,
    "awards.update": _OWNED,
    "awards.transition": _OWNED,
    "ledger-entries.create": _OWNED,
    "milestones.create": _OWNED,
    "milestones.update": _OWNED,
    "milestones.delete": _OWNED,
    "milestones.transition": _OWNED,
    "forecasts.create": _OWNED,
    "imports.create": _OWNED,  # each row of a file is asked for on its own beside it
    "imports.list": _OWNED,
    "imports.apply": _OWNED,
    "api-keys.list": _ADMINISTERED,
    "api-keys.create": _ADMINISTERED,
    "api-keys.revoke": _ADMINISTERED,
}
"""The records an editor or approver owns are those of projects that the organisation leads on that day."""


class NotYours(Forbidden):
    """The record belongs to a project that another organisation leads today."""

    slug = "not-your-project"
    title = "Another organisation leads this project"


def permissions_of(role: str) -> list[tuple[str, str]]:
    """What a role may do, each with its scope."""
    return [(operation, scopes[role]) for operation, scopes in POLICY.items() if role in scopes]


def may_call(operation: str) -> str:
    """The roles that may do it, as words."""
    return ", ".join(POLICY[operation])


def may_ever(role: str, operation: str) -> bool:
    """Whether the role may call the operation at all, whatever the record."""
    return role in POLICY[operation]


def is_for_any_record(role: str, operation: str) -> bool:
    """Whether the role may do this to every record, so that no record need be loaded to know it."""
    return POLICY[operation].get(role) == ANY


def require(author: Author, operation: str, owner: str | None) -> None:
    """Check a loaded record.

    :param owner: code of the organisation that leads the record's project today; None if nobody does.
    :raises NotYours: the role may change only its own records, and this is not one.
    """
    scope = POLICY[operation].get(author.role)
    if scope == ANY or (scope == OWN and owner is not None and owner == author.organisation):
        return
    led_by = f"{owner} leads this project today" if owner else "no organisation leads this project today"
    raise NotYours(f"You write for {author.organisation}, but {led_by}; ask the coordinator or the lead ministry.")
