"""A larger register: copies of the real projects and of what hangs on them, each copy a revision of its own.

Rows and images are made by the database from templates and the hashes beside them, because writing them one by one
would take hours. What comes out is a register like any other: its history holds every record, and verifies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from portfolio.core.columns import Identifier
from portfolio.core.db import Base, table_of
from portfolio.funding.models import Application, ApplicationStatusChange, Award, AwardStatusChange, LedgerEntry
from portfolio.history import merkle
from portfolio.history.canonical import canonical
from portfolio.history.models import Change, LogHead, Revision
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneSearch, MilestoneStatusChange
from portfolio.projects.models import Assignment, Project, ProjectRole, ProjectSearch, ProjectStatusChange

_KINDS = (
    *(Project, Assignment, ProjectRole, ProjectStatusChange),
    *(Milestone, MilestoneStatusChange, MilestoneForecast),
    *(Application, ApplicationStatusChange, Award, AwardStatusChange, LedgerEntry),
)
_TABLES = tuple(Base.metadata.tables[kind.__tablename__] for kind in _KINDS)  # parents first
_TEXTS = (table_of(ProjectSearch), table_of(MilestoneSearch))
_COPIED = (*_TABLES, *_TEXTS)
_NUMBERED = {"slug": "-", "title_de": " ", "title_sort": " ", "search_text": " "}
"""What tells copies of a project apart, and what stands before the number."""
_ID, _NUMBER = "@id@", "@number@"
_OWN_PLACES = 8
"""Of an id: the first ones say which copy it belongs to, the others are those of the original."""
_COPY = sa.Table("bench_copy", sa.MetaData(), sa.Column("id", sa.Text), sa.Column("number", sa.Integer))
_IMAGE = sa.Table(
    "bench_image",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("entity", "entity_id", "body")),
    sa.Column("seq", sa.Integer),
)

_TREES = sa.table("tree_revision", sa.column("project_id", Identifier), sa.column("rev", sa.BigInteger))


def fill(url: str, projects: int) -> int:
    """Add whole copies of all while there are no more than ``projects``; how many there are then.

    Nobody else may have a SQLite file open meanwhile.
    """
    engine = sa.create_engine(url)
    is_sqlite = engine.dialect.name == "sqlite"
    if is_sqlite:  # nor does it need a journal, which no transaction can turn off
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=OFF")
    with engine.begin() as connection:
        real = connection.scalars(sa.select(sa.func.count()).select_from(Project)).one()
        copies = max(projects // real - 1, 0)
        without_net(connection)
        if copies:
            _add(connection, copies)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not is_sqlite:  # whose plans are worse with statistics: it builds filters over whole tables
            connection.exec_driver_sql("VACUUM ANALYZE")
        else:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()
    return real * (copies + 1)


def without_net(connection: sa.Connection) -> None:
    """Half a filled register is worth nothing: SQLite need not look after it."""
    for pragma in ("synchronous=OFF", "cache_size=-500000", "temp_store=MEMORY"):
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA {pragma}")


def _add(connection: sa.Connection, copies: int) -> None:
    own = frozenset(one for table in _TABLES for one in connection.scalars(sa.select(table.c.id)))
    images = list(_templates(connection, {str(one) for one in own}))
    for made in (_COPY, _IMAGE):
        connection.execute(sa.schema.CreateTable(made))
    connection.execute(_COPY.insert(), [{"id": _place(number), "number": number} for number in range(1, copies + 1)])
    connection.execute(_IMAGE.insert(), images)
    held = held_back(connection, [table.name for table in (*_COPIED, table_of(Change))])
    for table in _COPIED:
        connection.exec_driver_sql(f"CREATE TABLE bench_{table.name} AS SELECT * FROM {table.name}")
        connection.execute(_rows(table))
        connection.exec_driver_sql(f"DROP TABLE bench_{table.name}")
    _record(connection, [image["body"] for image in images], copies)
    for made in (_COPY, _IMAGE):
        connection.execute(sa.schema.DropTable(made))
    for statement in held:
        connection.exec_driver_sql(statement)


def held_back(connection: sa.Connection, tables: Sequence[str]) -> list[str]:
    """Take off plain indexes, and PostgreSQL's foreign keys: all at once they are made far quicker; how to put them on.

    SQLite looks at foreign keys only where it is told to.
    """
    if connection.dialect.name == "sqlite":
        return _sqlite_held_back(connection, tables)
    names = ", ".join(f"'{table}'::regclass" for table in tables)
    keys = connection.exec_driver_sql(
        f"SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE contype = 'f' AND conrelid IN ({names})"
    ).all()
    indexes = connection.exec_driver_sql(
        f"SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index "
        f"WHERE NOT indisunique AND indrelid IN ({names})"
    ).all()
    for table, name, _ in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    put_on = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}" for table, name, text in keys]
    return [*(text for _, text in indexes), *put_on]


def _sqlite_held_back(connection: sa.Connection, tables: Sequence[str]) -> list[str]:
    names = ", ".join(f"'{table}'" for table in tables)
    plain = "type = 'index' AND sql LIKE 'CREATE INDEX%'"
    asked = f"SELECT name, sql FROM sqlite_schema WHERE {plain} AND tbl_name IN ({names})"
    indexes = connection.exec_driver_sql(asked).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return [text for _, text in indexes]


def _place(number: int) -> str:
    return f"{number:0{_OWN_PLACES}x}"


def _rows(table: sa.Table) -> sa.Insert:
    """The rows of all copies; what points within the copy points there."""
    original = sa.table(f"bench_{table.name}", *(sa.column(one.name, one.type) for one in table.columns))
    # SQLite keeps the order of a cross join: copy after copy, so that ids come in their order.
    copied = [one for one in table.columns if one.identity is None]
    source = sa.select(*(_value(table, one, original.c[one.name]) for one in copied))
    return table.insert().from_select([one.name for one in copied], source.select_from(_crossed(original)))


def _crossed(other: sa.FromClause) -> sa.FromClause:
    return _COPY.join(other, sa.true())


def _value(table: sa.Table, column: sa.Column[Any], original: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # A chain of awards is named by its first one, without a key that says so.
    if isinstance(column.type, Identifier) and all(key.column.table in _TABLES for key in column.foreign_keys):
        ours = _COPY.c.id + sa.func.substr(sa.cast(original, sa.Text), _OWN_PLACES + 1)
        return sa.cast(ours, Identifier)
    if table.name in (Project.__tablename__, ProjectSearch.__tablename__) and column.name in _NUMBERED:
        return sa.cast(original, sa.Text) + _NUMBERED[column.name] + sa.cast(_COPY.c.number, sa.Text)
    if table is Project.__table__ and column.name == "code":
        return sa.cast(sa.null(), column.type)
    return original


def _templates(connection: sa.Connection, own: set[str]) -> Iterable[dict[str, Any]]:
    """The image of each record that is copied, with marks where a copy differs; in the recorder's order."""
    names = [table.name for table in _TABLES]
    newest = sa.select(Change.entity_id, sa.func.max(Change.rev).label("rev")).group_by(Change.entity_id).subquery()
    asked = sa.select(Change.body).join(
        newest, sa.and_(Change.entity_id == newest.c.entity_id, Change.rev == newest.c.rev)
    )
    bodies = [json.loads(one) for one in connection.scalars(asked.where(Change.entity.in_(names)))]
    bodies = sorted((one for one in bodies if one["after"]), key=lambda body: (body["e"], body["id"][_OWN_PLACES:]))
    for seq, body in enumerate(bodies):
        assert body["ver"] == 1, "Only a register that was just loaded is copied."
        after = {name: _marked(value, own) for name, value in body["after"].items()}
        if body["e"] == Project.__tablename__:
            after |= {name: f"{after[name]}{before}{_NUMBER}" for name, before in _NUMBERED.items()} | {"code": None}
        made = {**body, "id": _marked(body["id"], own), "op": "create", "after": after}
        yield {"entity": body["e"], "entity_id": made["id"], "body": canonical(made).decode(), "seq": seq}


def _marked(value: Any, own: set[str]) -> Any:
    return _ID + value[_OWN_PLACES:] if isinstance(value, str) and value in own else value


def _filled(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    number = sa.cast(_COPY.c.number, sa.Text)
    return sa.func.replace(sa.func.replace(column, _ID, _COPY.c.id), _NUMBER, number)


def _record(connection: sa.Connection, bodies: list[str], copies: int) -> None:
    """One revision per copy, chained and hashed as the recorder does it."""
    head = connection.execute(sa.select(LogHead.__table__)).one()
    first = json.loads(connection.scalars(sa.select(Revision.header).where(Revision.rev == head.size)).one())
    size, leaf, frontier = head.size, head.last_leaf, merkle.split_frontier(head.frontier)
    revisions = []
    for number in range(1, copies + 1):
        place, digits = _place(number), str(number)
        images = [body.replace(_ID, place).replace(_NUMBER, digits).encode() for body in bodies]
        own = {"rev": size + 1, "action": "bench.fill", "reason": None, "n": len(images), "prev": leaf.hex()}
        header = canonical({**first, **own, "at": head.last_at, "changes": merkle.root_of(images).hex()})
        leaf = merkle.leaf_hash(header)
        frontier = merkle.extended(frontier, size, leaf)
        size += 1
        revisions.append({"rev": size, "header": header.decode(), "leaf": leaf})
    connection.execute(sa.insert(Revision), revisions)
    made = sa.select(
        _COPY.c.number + head.size, _IMAGE.c.seq, _IMAGE.c.entity, _filled(_IMAGE.c.entity_id), _filled(_IMAGE.c.body)
    ).select_from(_crossed(_IMAGE))
    connection.execute(sa.insert(Change).from_select(["rev", "seq", "entity", "entity_id", "body"], made))
    connection.execute(sa.update(LogHead).values(size=size, frontier=b"".join(frontier), last_leaf=leaf))
    _count_trees(connection, head.size)


def _count_trees(connection: sa.Connection, before: int) -> None:
    """The last revision of each project, where the register counts it: that tells how old a kept answer is."""
    if not sa.inspect(connection).has_table(_TREES.name):
        return
    project = sa.cast(_filled(_IMAGE.c.entity_id), Identifier)
    made = sa.select(project, _COPY.c.number + before).select_from(_crossed(_IMAGE))
    made = made.where(_IMAGE.c.entity == Project.__tablename__)
    connection.execute(sa.insert(_TREES).from_select(["project_id", "rev"], made))
