"""The lives of an application and of an award (DOMAIN 3)."""

from __future__ import annotations

from portfolio.core.lifecycle import Lifecycle

DRAFT = "draft"
SUBMITTED = "submitted"
UNDER_REVIEW = "under_review"
RETURNED = "returned"
APPROVED = "approved"
PARTLY_APPROVED = "partly_approved"
REJECTED = "rejected"
WITHDRAWN = "withdrawn"

GRANTED = frozenset({APPROVED, PARTLY_APPROVED})
DECIDED = frozenset({APPROVED, PARTLY_APPROVED, REJECTED})

APPLICATION = Lifecycle(
    "application",
    DRAFT,
    {
        DRAFT: (SUBMITTED, WITHDRAWN),
        SUBMITTED: (UNDER_REVIEW, WITHDRAWN),
        UNDER_REVIEW: (RETURNED, APPROVED, PARTLY_APPROVED, REJECTED, WITHDRAWN),
        RETURNED: (UNDER_REVIEW, WITHDRAWN),
        APPROVED: (),
        PARTLY_APPROVED: (),
        REJECTED: (),
        WITHDRAWN: (),
    },
)

ISSUED = "issued"
FINAL = "final"
ACTIVE = "active"
PROOF_DUE = "proof_due"
SETTLED = "settled"
SUPERSEDED = "superseded"
REVOKED = "revoked"

PAYABLE = frozenset({FINAL, ACTIVE, PROOF_DUE})

AWARD = Lifecycle(
    "award",
    ISSUED,
    {
        ISSUED: (FINAL, REVOKED),
        FINAL: (ACTIVE, REVOKED),
        ACTIVE: (PROOF_DUE, REVOKED),
        PROOF_DUE: (SETTLED, REVOKED),
        SETTLED: (),
        SUPERSEDED: (),
        REVOKED: (),
    },
)
"""``superseded`` is reached by an amendment (a new award), never by a transition."""

COMMITMENT = "commitment"
DISBURSEMENT = "disbursement"
EXPENDITURE = "expenditure"
REPAYMENT = "repayment"
RECOVERY_CLAIM = "recovery_claim"
CORRECTION = "correction"
PASS_THROUGH = "pass_through"
