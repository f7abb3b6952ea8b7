"""API keys: made once, shown once, kept as a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.access.models import Actor, ApiKey
from portfolio.access.policy import OF_ONE_ORGANISATION, ROLES
from portfolio.core import sources
from portfolio.core.dates import format_instant
from portfolio.core.db import table_of
from portfolio.core.problems import Conflict, NotFound
from portfolio.core.sending import Fixed

MARK = "pk_"
"""How every key begins, so that leaked ones can be found."""
_SECRET_SIZE = 32
_PREFIX_SIZE = 11
_ACTOR_SIZE = 16


@dataclass(frozen=True)
class Author:
    """Who is behind a request: a pseudonym, a role, and for some roles the organisation it is for."""

    actor_id: str
    role: str
    organisation: str | None
    via: str
    expires_at: datetime | None = None
    key: str | None = None
    """The first characters of the API key, where it is one."""
    note: str | None = None
    """Why these credentials do less than their holder may expect."""


@dataclass(frozen=True)
class NewKey:
    """A key just made, with the secret that nobody will see again."""

    secret: str
    key: ApiKey


def create_key(
    session: Session, *, role: str, name: str, organisation: str | None = None, expires_at: datetime | None = None
) -> NewKey:
    """Make a key; this is the only time its secret can be seen.

    :raises Conflict: an unknown role, or one that needs an organisation without it, or the other way round.
    """
    if role not in ROLES:
        raise Conflict(f"{role!r} is not a role; use one of {', '.join(ROLES)}.")
    if role in OF_ONE_ORGANISATION and not organisation:
        raise Conflict(f"The role {role} is for one organisation; name it.")
    if role not in OF_ONE_ORGANISATION and organisation:
        raise Conflict(f"The role {role} is for no single organisation; leave it out.")
    secret = MARK + _base64url(sources.random_bytes(_SECRET_SIZE))
    actor = new_actor(session, f"key:{_prefix(secret)}", name)
    key = ApiKey(
        prefix=_prefix(secret),
        secret_hash=_hashed(secret),
        role=role,
        organisation=organisation,
        actor_id=actor.actor_id,
        created_at=sources.now(),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return NewKey(secret, key)


def new_actor(session: Session, subject: str, name: str) -> Actor:
    """A fresh pseudonym for ``subject``."""
    actor = Actor(actor_id="act_" + _base64url(sources.random_bytes(_ACTOR_SIZE)), subject=subject, display_name=name)
    session.add(actor)
    session.flush()
    return actor


class HeldKey(NamedTuple):
    """What signing in needs of a key."""

    prefix: str
    secret_hash: bytes
    role: str
    organisation: str | None
    actor_id: str
    expires_at: datetime | None
    revoked_at: datetime | None


_KEYS = table_of(ApiKey)
_KEY = Fixed(sa.select(*(_KEYS.c[name] for name in HeldKey._fields)).where(_KEYS.c.prefix == sa.bindparam("of")))


def find_key(connection: sa.Connection, secret: str) -> HeldKey | None:
    """The key with this secret, good or not; None where nobody ever made it."""
    for row in _KEY.rows(connection, {"of": _prefix(secret)}):
        key = HeldKey(*row)
        return key if hmac.compare_digest(key.secret_hash, _hashed(secret)) else None
    return None


def state_of(revoked_at: datetime | None, expires_at: datetime | None) -> str:
    """``good``, ``expired`` or ``revoked`` (codelist ``api_key_state``)."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= sources.now() else "good"


def name_of_actor(session: Session, actor_id: str) -> str:
    """The name behind a pseudonym; ``[gelöscht]`` once erased."""
    return shown_name(session.scalar(sa.select(Actor.display_name).where(Actor.actor_id == actor_id)) or "")


def shown_name(name: str) -> str:
    return name or "[gelöscht]"


def list_keys(session: Session) -> list[tuple[ApiKey, str]]:
    """Every key with its holder's name, newest first."""
    statement = sa.select(ApiKey, Actor.display_name).join(Actor, Actor.actor_id == ApiKey.actor_id)
    rows = session.execute(statement.order_by(ApiKey.created_at.desc(), ApiKey.id)).all()
    return [(row[0], row[1]) for row in rows]


def key_by_prefix(session: Session, prefix: str) -> ApiKey:
    """:raises NotFound: no key begins with ``prefix``."""
    key = session.scalar(sa.select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None:
        raise NotFound(f"No key begins with {prefix}; `portfolio key list` shows them.")
    return key


def revoke_key(session: Session, key: ApiKey) -> None:
    """Make a key useless from now on; one that is revoked stays as it is."""
    if key.revoked_at is None:
        key.revoked_at = sources.now()
        session.flush()


def erase_actor(session: Session, actor_id: str) -> int:
    """Blank the name and subject behind a pseudonym and revoke its keys; how many keys that were.

    :raises NotFound: there is no such actor.
    :raises Conflict: it was erased before.
    """
    actor = session.get(Actor, actor_id, with_for_update=True)
    if actor is None:
        raise NotFound(f"There is no actor {actor_id}; revisions name them.")
    if actor.erased_at is not None:
        raise Conflict(f"{actor_id} was erased at {format_instant(actor.erased_at)}; nothing was done.")
    actor.subject = actor.display_name = ""
    actor.erased_at = sources.now()
    keys = session.scalars(sa.select(ApiKey).where(ApiKey.actor_id == actor_id, ApiKey.revoked_at.is_(None))).all()
    for key in keys:
        key.revoked_at = sources.now()
    session.flush()
    return len(keys)


def has_keys(session: Session) -> bool:
    return session.scalar(sa.select(ApiKey.id).limit(1)) is not None


def _prefix(secret: str) -> str:
    return secret[:_PREFIX_SIZE]


def _hashed(secret: str) -> bytes:
    # A random key of 256 bits needs no slow hash.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
