"""What this package holds: what the history must know of it."""

from __future__ import annotations

from portfolio.core.resources import Kind
from portfolio.organisations.models import Organisation, Succession

KINDS = (
    Kind(Organisation, "organisation", "organisations", key="code"),
    Kind(Succession, "succession", belongs_to="organisation_id"),
)
