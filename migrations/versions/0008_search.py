"""Texts that a search looks through, with an index on any part of a word: pg_trgm, or FTS5 with trigrams on SQLite."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from portfolio.core.migrate import SchemaMismatch
from portfolio.core.schema_types import identifier
from portfolio.core.search import search_text

revision = "0008_search"
down_revision = "0007_pages"
branch_labels = None
depends_on = None

_KINDS = ("project", "organisation", "milestone")


def upgrade() -> None:
    # What an organisation leads is found without going through all it has a part in.
    op.drop_index(op.f("ix_project_role_organisation_id"), table_name="project_role")
    op.create_index(op.f("ix_project_role_organisation_id_role"), "project_role", ["organisation_id", "role"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        _require_trigrams()
    for kind in _KINDS:
        table = f"{kind}_search"
        op.create_table(
            table,
            sa.Column("number", sa.Integer(), sa.Identity(), nullable=False),
            sa.Column("record_id", identifier(), nullable=False),
            sa.Column("search_text", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(
                ["record_id"], [f"{kind}.id"], name=op.f(f"fk_{table}_record_id"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("number", name=op.f(f"pk_{table}")),
            sa.UniqueConstraint("record_id", name=op.f(f"uq_{table}_record_id")),
        )
    for kind in ("project", "organisation"):
        op.execute(
            f"INSERT INTO {kind}_search (record_id, search_text) SELECT id, search_text FROM {kind} ORDER BY created_at, id"
        )
    _fold_milestones()
    for kind in _KINDS:
        _index_on_sqlite(f"{kind}_search") if is_sqlite else _index_on_postgresql(f"{kind}_search")


def downgrade() -> None:
    # The extension stays: others may use it by now.
    for kind in reversed(_KINDS):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TABLE {kind}_search_fts")
        op.drop_table(f"{kind}_search")
    op.drop_index(op.f("ix_project_role_organisation_id_role"), table_name="project_role")
    op.create_index(op.f("ix_project_role_organisation_id"), "project_role", ["organisation_id"])


def _require_trigrams() -> None:
    """Any owner of a database may add this extension, where the server has it."""
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError as error:
        raise SchemaMismatch(
            "Searching needs PostgreSQL's extension pg_trgm, which this role cannot add: "
            f"{str(error.orig).splitlines()[0]}. Install PostgreSQL's contrib modules if the server lacks them, "
            "let an administrator run CREATE EXTENSION pg_trgm in this database, and upgrade again."
        ) from error


def _fold_milestones() -> None:
    """Folded as the program does it: this text only finds, and the program writes it anew with each title."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, title_de, title_en FROM milestone ORDER BY created_at, id")).all()
    texts = sa.table("milestone_search", sa.column("record_id", identifier()), sa.column("search_text", sa.Text()))
    for part in _parts(rows):
        values = [{"record_id": row.id, "search_text": search_text(row.title_de, row.title_en or "")} for row in part]
        connection.execute(texts.insert(), values)


def _parts(rows: list[sa.Row]) -> Iterator[list[sa.Row]]:
    for start in range(0, len(rows), 10_000):
        yield rows[start : start + 10_000]


def _index_on_postgresql(table: str) -> None:
    op.create_index(
        op.f(f"ix_{table}_search_text"),
        table,
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )


def _index_on_sqlite(table: str) -> None:
    """Only where a run of three characters occurs at all, not at which place: LIKE looks at what is found."""
    index = f"{table}_fts"
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5(search_text, content='{table}', content_rowid='number', "
        "tokenize='trigram', detail='none', columnsize=0)"
    )
    op.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    add = f"INSERT INTO {index} (rowid, search_text) VALUES (new.number, new.search_text)"
    remove = f"INSERT INTO {index} ({index}, rowid, search_text) VALUES ('delete', old.number, old.search_text)"
    for when, what in (
        ("INSERT", add),
        ("DELETE", remove),
        ("UPDATE OF search_text", f"{remove}; {add}"),
    ):
        name = f"{table}_{when.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN {what}; END")
