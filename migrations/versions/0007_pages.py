"""An index for every order of every list, with the id that breaks ties; text that is sorted compares byte by byte."""

import sqlalchemy as sa
from alembic import op

revision = "0007_pages"
down_revision = "0006_counters"
branch_labels = None
depends_on = None

# Once for all orders: an index on the key alone goes where one on key and id takes its place.
_REPLACED = (
    ("project", "title_sort"),
    ("decision", "decided_on"),
    ("application", "counts_from_on"),
    ("award", "counts_from_on"),
    ("ledger_entry", "booked_on"),
    ("milestone", "baseline_on"),
    ("milestone", "achieved_on"),
    ("organisation", "name_sort"),
    ("project_role", "project_id"),
    ("application", "project_id"),
    ("funding_statement", "project_id"),
)
_ADDED = (
    ("project", ("title_sort", "id")),
    ("project", ("code", "id")),
    ("project", ("updated_at", "id")),
    ("project", ("created_at", "id")),
    ("project_status_change", ("changed_on", "project_id")),
    ("project_role", ("project_id", "role")),
    ("decision", ("decided_on", "id")),
    ("decision", ("updated_at", "id")),
    ("application", ("project_id", "id")),
    ("application", ("submitted_on", "id")),
    ("application", ("counts_from_on", "id")),
    ("application", ("requested_amount", "id")),
    ("application", ("updated_at", "id")),
    ("award", ("issued_on", "id")),
    ("award", ("counts_from_on", "id")),
    ("award", ("amount", "id")),
    ("award", ("updated_at", "id")),
    ("ledger_entry", ("booked_on", "id")),
    ("ledger_entry", ("amount", "id")),
    ("ledger_entry", ("created_at", "id")),
    ("funding_statement", ("project_id", "id")),
    ("funding_statement", ("stated_on", "id")),
    ("funding_statement", ("amount", "id")),
    ("funding_programme", ("updated_at", "id")),
    ("milestone", ("project_id", "id")),
    ("milestone", ("baseline_on", "id")),
    ("milestone", ("achieved_on", "id")),
    ("milestone", ("updated_at", "id")),
    ("organisation", ("name_sort", "id")),
    ("organisation", ("updated_at", "id")),
)
_SORTED = (("project", "slug"), ("project", "code"), ("organisation", "code"), ("funding_programme", "code"))


def upgrade() -> None:
    _collate('COLLATE "C"')
    for table, column in _REPLACED:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    for table, columns in _ADDED:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)


def downgrade() -> None:
    for table, columns in reversed(_ADDED):
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
    for table, column in reversed(_REPLACED):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    _collate('COLLATE "default"')


def _collate(collation: str) -> None:
    """SQLite compares text byte by byte as it is."""
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _SORTED:
            op.execute(sa.text(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE text {collation}"))
