"""Runs inside the connection that `portfolio.core.migrate` opened and locked."""

from typing import Any

from alembic import context

from portfolio.core import columns

_RENDERED = {
    columns.EuroCents: "sa.BigInteger()",
    columns.Rate: "sa.Integer()",
    columns.Instant: "instant()",
    columns.Identifier: "identifier()",
    columns.Document: "sa.Text()",
    columns.CommittedText: "sa.Text()",
    columns.SortKey: "sort_key()",
}


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our own column types as plain ones: a migration must not change when they do."""
    if kind == "type":
        for column_type, text in _RENDERED.items():
            if isinstance(item, column_type):
                return text
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
