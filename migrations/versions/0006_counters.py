"""The last revision of each project with what hangs on it, and of what projects share: they tell a kept answer's age."""

import sqlalchemy as sa
from alembic import op

from portfolio.core.schema_types import identifier

revision = "0006_counters"
down_revision = "0005_imports"
branch_labels = None
depends_on = None

_AREAS = ("taxonomy", "organisations", "projects", "funding", "erasure")


def upgrade() -> None:
    op.create_table(
        "tree_revision",
        sa.Column("project_id", identifier(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_tree_revision")),
    )
    op.create_table(
        "area_revision",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("area", name=op.f("pk_area_revision")),
    )
    # Nothing was kept before, so the head is as good as the exact revision, and needs no walk through all images.
    op.execute("INSERT INTO tree_revision (project_id, rev) SELECT project.id, log_head.size FROM project, log_head")
    for area in _AREAS:
        op.execute(f"INSERT INTO area_revision (area, rev) SELECT '{area}', size FROM log_head")


def downgrade() -> None:
    op.drop_table("area_revision")
    op.drop_table("tree_revision")
