"""Who a request's credentials stand for."""

from __future__ import annotations

from typing import Protocol

from flask import Flask, current_app

from portfolio.access.service import MARK, Author, find_key, state_of
from portfolio.access.usage import EXTENSION as USAGE
from portfolio.access.usage import KeyUsage, current_usage
from portfolio.core.db import Database, current_database
from portfolio.core.problems import Unauthenticated

TOKENS = "portfolio_tokens"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="portfolio"'}
_INVALID = {"WWW-Authenticate": 'Bearer realm="portfolio", error="invalid_token"'}
HOW = "Send `Authorization: Bearer …` with an API key or an access token; /docs says how to get one."


class TokenRefused(Exception):
    """The token opens nothing; the sentence says why to whoever connects a client."""


class TokenExpired(TokenRefused):
    """The provider gave it, and its time is over: nobody is guessing."""


class Tokens(Protocol):
    """Checks access tokens (access/tokens.py, which is loaded only where there is a provider)."""

    def author(self, token: str) -> Author:
        """Who it stands for.

        :raises TokenRefused: it opens nothing.
        """


class UnknownCredentials(Unauthenticated):
    """Credentials that nobody here ever gave or trusts: a guess, or meant for somebody else."""


def install(app: Flask, database: Database, tokens: Tokens | None) -> None:
    """Let keys sign in, and access tokens where there is a provider."""
    app.extensions[USAGE] = KeyUsage(database)
    app.extensions[TOKENS] = tokens


def identify(header: str) -> Author:
    """The author behind the value of an ``Authorization`` header.

    :raises Unauthenticated: it is no bearer key or token, or one that is not good any more.
    :raises UnknownCredentials: it is none that was ever good here.
    """
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise Unauthenticated(f"Only bearer credentials are known here. {HOW}", headers=CHALLENGE)
    tokens: Tokens | None = current_app.extensions[TOKENS]
    if secret.startswith(MARK) or tokens is None:
        return _holder_of_key(secret)
    try:
        author = tokens.author(secret)
    except TokenRefused as refusal:
        kind = Unauthenticated if isinstance(refusal, TokenExpired) else UnknownCredentials
        raise kind(f"This access token is not taken: {refusal}", headers=_INVALID) from None
    current_usage().note_token(author.actor_id)
    return author


def _holder_of_key(secret: str) -> Author:
    sentence = f"This key is unknown, expired or revoked. {HOW}"
    with current_database().ask() as connection:
        key = find_key(connection, secret)
    if key is None:
        raise UnknownCredentials(sentence, headers=_INVALID)
    if state_of(key.revoked_at, key.expires_at) != "good":
        raise Unauthenticated(sentence, headers=_INVALID)
    current_usage().note(key.prefix, key.actor_id)
    return Author(key.actor_id, key.role, key.organisation, "key", expires_at=key.expires_at, key=key.prefix)
