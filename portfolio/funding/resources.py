"""What this package holds: what the history must know of it."""

from __future__ import annotations

from portfolio.core.resources import Kind
from portfolio.funding.lifecycle import DRAFT
from portfolio.funding.models import (
    Application,
    ApplicationStatusChange,
    Award,
    AwardStatusChange,
    FundingProgramme,
    FundingStatement,
    LedgerEntry,
)

KINDS = (
    Kind(FundingProgramme, "funding_programme", "funding-programmes", key="code"),
    Kind(
        Application,
        "application",
        "applications",
        belongs_to="project_id",
        internal=frozenset({"file_reference"}),
        draft={"status": DRAFT},
    ),
    Kind(ApplicationStatusChange, "status_change", belongs_to="application_id"),
    Kind(Award, "award", "awards", belongs_to="application_id"),
    Kind(AwardStatusChange, "status_change", belongs_to="award_id"),
    Kind(
        LedgerEntry,
        "ledger_entry",
        "ledger-entries",
        belongs_to="award_id",
        internal=frozenset({"document_reference"}),
        derived=frozenset({"chain_id"}),
    ),
    Kind(FundingStatement, "funding_statement", belongs_to="project_id"),
)
