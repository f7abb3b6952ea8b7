"""The comment of a ledger entry or forecast may name people: erasing it is the one change these tables allow."""

from portfolio.core.schema_types import (
    drop_insert_only,
    drop_insert_only_but_for_erasure,
    make_insert_only,
    make_insert_only_but_for_erasure,
)

revision = "0003_erasable_comments"
down_revision = "0002_checkpoints_and_retries"
branch_labels = None
depends_on = None

# All columns but comment, version and updated_at.
FIXED = {
    "ledger_entry": (
        *("id", "award_id", "chain_id", "type", "amount", "paid_out", "booked_on", "value_on", "budget_year"),
        *("payer", "payee", "document_reference", "reverses_id", "created_at"),
    ),
    "milestone_forecast": ("id", "milestone_id", "reported_on", "forecast_on", "created_at"),
}


def upgrade() -> None:
    for table, columns in FIXED.items():
        drop_insert_only(table)
        make_insert_only_but_for_erasure(table, "comment", columns, "[gelöscht]")


def downgrade() -> None:
    for table in FIXED:
        drop_insert_only_but_for_erasure(table)
        make_insert_only(table)
