"""Whoever signs in with a token is found by what the provider calls them, and has one pseudonym."""

import sqlalchemy as sa
from alembic import op

revision = "0004_one_actor_per_subject"
down_revision = "0003_erasable_comments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    named = sa.text("subject <> ''")
    op.create_index("ix_actor_subject", "actor", ["subject"], unique=True, sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    op.drop_index("ix_actor_subject", "actor")
