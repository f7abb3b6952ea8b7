"""Access tokens of an identity provider (RFC 9068): what must be true before one of them opens anything."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy.orm import Session

from portfolio.access.identity import TokenExpired, TokenRefused
from portfolio.access.jwks import KeyCache, ProviderAway
from portfolio.access.models import Actor
from portfolio.access.policy import OF_ONE_ORGANISATION, ROLES, VIEWER
from portfolio.access.service import Author, new_actor
from portfolio.core import sources, strict_json
from portfolio.core.db import Database
from portfolio.core.problems import Problem, Unavailable
from portfolio.core.settings import Oidc, SettingsError

LEEWAY = 30
"""Seconds that the provider's clock may differ from ours."""
_LONGEST = 8192
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES = ("at+jwt", "application/at+jwt")
_KEY_TYPES: Mapping[str, type[RSAKey | ECKey]] = {"RS256": RSAKey, "ES256": ECKey}
_LONGEST_NAME = 200
_PREFERRED = ("coordinator", "approver", "editor", "auditor", "admin")
"""Of several roles in one token the first of these counts: whoever changes records before whoever reads them."""

Named = Callable[[Session, str], object | None]
"""Whether there is an organisation with a code."""


@dataclass(frozen=True)
class Claims:
    """What a checked token says."""

    subject: str
    name: str
    expires_at: datetime
    role: str
    organisation: str | None
    note: str | None


def require_known_roles(settings: Oidc) -> None:
    """:raises SettingsError: the provider's groups are mapped to something that is no role here."""
    for theirs, ours in settings.roles.items():
        if ours not in ROLES:
            raise SettingsError(
                f"PORTFOLIO_OIDC_ROLES maps {theirs!r} to {ours!r}, which is no role; use {', '.join(ROLES)}."
            )


class Tokens:
    """The door for access tokens of one provider."""

    def __init__(self, settings: Oidc, database: Database, keys: KeyCache, named: Named) -> None:
        require_known_roles(settings)
        self._settings, self._database, self._keys, self._named = settings, database, keys, named

    def author(self, token: str) -> Author:
        """The person or program behind ``token``; at the first sign-in it gets its pseudonym.

        :raises TokenRefused: the token is not good here.
        :raises Unavailable: there is nothing to check it with, because the provider is away.
        """
        claims = read_claims(self._verified(token), self._settings)
        with self._database.snapshot() as session:
            actor = _actor(session, claims.subject)
            role, organisation, note = claims.role, claims.organisation, claims.note
            if role in OF_ONE_ORGANISATION and (organisation is None or self._named(session, organisation) is None):
                said = "no organisation" if organisation is None else f"the organisation {organisation!r}, unknown here"
                note = f"The token makes you {role} but names {said}; you see what everybody sees."
                role, organisation = VIEWER, None
        if actor is None or actor.display_name != claims.name:
            actor = self._remember(claims)
        return Author(actor.actor_id, role, organisation, "jwt", expires_at=claims.expires_at, note=note)

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature is the provider's."""
        if len(token) > _LONGEST or not _FORM.fullmatch(token):
            raise TokenRefused("it is no signed token in three parts.")
        head, body, _ = token.split(".")
        header = _part(head)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._settings.algorithms:
            raise TokenRefused(f"it is signed by another method than {' or '.join(self._settings.algorithms)}.")
        if not isinstance(header.get("typ"), str) or header["typ"].lower() not in _TYPES:
            raise TokenRefused("it is no access token (typ at+jwt).")
        if "crit" in header or "b64" in header:
            raise TokenRefused("it asks for extensions that are unknown here.")
        if not isinstance(kid, str):
            raise TokenRefused("it names no key (kid).")
        try:
            key = self._keys.key(kid)
        except ProviderAway:
            raise Unavailable(
                "The identity provider does not answer, so that the token cannot be checked; try again in a moment.",
                headers={"Retry-After": "5"},
            ) from None
        if key is None or not isinstance(key, _KEY_TYPES[algorithm]):
            raise TokenRefused("its key is none of the provider's.")
        try:
            jws.deserialize_compact(token, key, algorithms=[algorithm])
        except (JoseError, ValueError):
            raise TokenRefused("its signature is wrong.") from None
        return _part(body)

    def _remember(self, claims: Claims) -> Actor:
        """The pseudonym of whoever signs in, made now or under a new name; no revision of the register."""
        try:
            return self._write(claims)
        except sa.exc.IntegrityError:  # another request of the same person was faster
            return self._write(claims)

    def _write(self, claims: Claims) -> Actor:
        with self._database.aside() as session:
            actor = _actor(session, claims.subject)
            if actor is None:
                actor = new_actor(session, claims.subject, claims.name)
            actor.display_name = claims.name
        return actor


def _actor(session: Session, subject: str) -> Actor | None:
    return session.scalar(sa.select(Actor).where(Actor.subject == subject))


def _part(encoded: str) -> dict[str, Any]:
    """Header or claims as JSON with one meaning."""
    try:
        value = strict_json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError, Problem):
        raise TokenRefused("it cannot be read.") from None
    if not isinstance(value, dict):
        raise TokenRefused("it cannot be read.")
    return value


def read_claims(claims: Mapping[str, Any], settings: Oidc) -> Claims:
    """What signed claims say.

    :raises TokenRefused: a claim is missing, of a wrong kind, for somebody else or for another time.
    """
    now = sources.now().timestamp()
    if claims.get("iss") != settings.issuer:
        raise TokenRefused("it is of another issuer (iss).")
    audience = claims.get("aud")
    listed = [audience] if isinstance(audience, str) else audience
    if not isinstance(listed, list) or settings.audience not in listed:
        raise TokenRefused(f"it is not for this register (aud {settings.audience}).")
    expires_at = _seconds(claims, "exp")
    if expires_at + LEEWAY <= now:
        raise TokenExpired("it has expired (exp).")
    if _seconds(claims, "iat") > now + LEEWAY:
        raise TokenRefused("it was made in the future (iat).")
    if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY:
        raise TokenRefused("it is not yet good (nbf).")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise TokenRefused("it names nobody (sub).")
    role, note = _role(claims, settings)
    organisation = _at(claims, settings.organisation_claim)
    return Claims(
        subject=f"oidc:{settings.issuer} {subject}",
        name=_name(_at(claims, settings.name_claim)) or subject[:_LONGEST_NAME],
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        role=role,
        organisation=organisation if isinstance(organisation, str) and organisation.isprintable() else None,
        note=note,
    )


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < 2**40:
        raise TokenRefused(f"it says no proper time ({name}).")
    return float(value)


def _role(claims: Mapping[str, Any], settings: Oidc) -> tuple[str, str | None]:
    value = _at(claims, settings.role_claim)
    given = value.split() if isinstance(value, str) else value
    named = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
    mapped = {settings.roles.get(one, "") if settings.roles else one for one in named}
    found = [role for role in _PREFERRED if role in mapped]
    if not found:
        return VIEWER, f"The token names no role of this register ({settings.role_claim}); you see what everybody sees."
    if len(found) > 1:
        return found[0], f"The token names several roles ({', '.join(found)}); the register goes by the first."
    return found[0], None


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, else the one that a dotted path leads to."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _name(value: Any) -> str:
    """A name without what cannot be shown in one line."""
    if not isinstance(value, str):
        return ""
    kept = "".join(char for char in unicodedata.normalize("NFC", value) if char.isprintable())
    return kept.strip()[:_LONGEST_NAME]
