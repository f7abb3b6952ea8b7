"""API keys: made once, shown once, kept as a hash."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.access.models import Actor, ApiKey
from portfolio.access.policy import OF_ONE_ORGANISATION, ROLES
from portfolio.core import sources
from portfolio.core.dates import format_instant
from portfolio.core.problems import Conflict, NotFound

_MARK = "pk_"
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


def create_key(
    session: Session, *, role: str, name: str, organisation: str | None = None, expires_at: datetime | None = None
) -> str:
    """Make a key and return its secret, the only time it can be seen.

    :raises Conflict: an unknown role, or one that needs an organisation without it, or the other way round.
    """
    if role not in ROLES:
        raise Conflict(f"{role!r} is not a role; use one of {', '.join(ROLES)}.")
    if role in OF_ONE_ORGANISATION and not organisation:
        raise Conflict(f"The role {role} is for one organisation; name it.")
    if role not in OF_ONE_ORGANISATION and organisation:
        raise Conflict(f"The role {role} is for no single organisation; leave it out.")
    secret = _MARK + _base64url(sources.random_bytes(_SECRET_SIZE))
    actor = Actor(
        actor_id="act_" + _base64url(sources.random_bytes(_ACTOR_SIZE)),
        subject=f"key:{_prefix(secret)}",
        display_name=name,
    )
    session.add(actor)
    session.flush()
    session.add(
        ApiKey(
            prefix=_prefix(secret),
            secret_hash=_hashed(secret),
            role=role,
            organisation=organisation,
            actor_id=actor.actor_id,
            created_at=sources.now(),
            expires_at=expires_at,
        )
    )
    session.flush()
    return secret


def find_author(session: Session, secret: str) -> Author | None:
    """The author a key stands for; None when it is unknown, revoked or expired."""
    key = session.scalar(sa.select(ApiKey).where(ApiKey.prefix == _prefix(secret)))
    if key is None or not hmac.compare_digest(key.secret_hash, _hashed(secret)):
        return None
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= sources.now()):
        return None
    return Author(key.actor_id, key.role, key.organisation, via="key")


def list_keys(session: Session) -> list[tuple[ApiKey, str]]:
    """Every key with its holder's name, newest first."""
    statement = sa.select(ApiKey, Actor.display_name).join(Actor, Actor.actor_id == ApiKey.actor_id)
    rows = session.execute(statement.order_by(ApiKey.created_at.desc(), ApiKey.id)).all()
    return [(row[0], row[1]) for row in rows]


def revoke_key(session: Session, prefix: str) -> ApiKey:
    """Make a key useless from now on.

    :raises NotFound: no key begins with ``prefix``.
    """
    key = session.scalar(sa.select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None:
        raise NotFound(f"No key begins with {prefix}; `portfolio key list` shows them.")
    if key.revoked_at is None:
        key.revoked_at = sources.now()
        session.flush()
    return key


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
