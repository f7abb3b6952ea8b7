"""/v1/api-keys and /v1/me: who may sign in, and who did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import Flask, Response, current_app, request
from flask.views import MethodView
from sqlalchemy.orm import Session

from portfolio.access import service
from portfolio.access.guard import current_author, transaction
from portfolio.access.models import Actor, ApiKey
from portfolio.access.policy import OF_ONE_ORGANISATION, permissions_of
from portfolio.access.schemas import (
    ApiKeyInputSchema,
    ApiKeyQuerySchema,
    ApiKeySchema,
    ApiKeyTransitionSchema,
    MeSchema,
    NewApiKeySchema,
)
from portfolio.core import sources
from portfolio.core.answers import private_answer
from portfolio.core.api import Blueprint
from portfolio.core.dates import format_instant
from portfolio.core.db import current_database
from portfolio.core.lists import Order, fetch_page, one_of
from portfolio.core.logs import announce
from portfolio.core.problems import Invalid, NotFound, ProblemError
from portfolio.core.records import page_of
from portfolio.core.rows import Row

FindOrganisation = Callable[[Session, str], Mapping[str, str | None] | None]
"""Code and names of the organisation with a code; None where there is none."""

EXTENSION = "portfolio_find_organisation"
_ACTOR = "act_5hV1cQy0yq3Jr2d9G3m7Xw"

blp = Blueprint("access", __name__, url_prefix="/v1", description="Keys, and who you are.")


def install(app: Flask, find_organisation: FindOrganisation) -> None:
    """Let keys be made for the organisations that ``find_organisation`` finds."""
    app.extensions[EXTENSION] = find_organisation


@blp.route("/me")
class Me(MethodView):
    @blp.operation("getMe", signed_in=True)
    @blp.response(200, MeSchema)
    def get(self) -> Response:
        """Get who you are

        What the credentials stand for, whom you write for, and what you may do.
        """
        author = current_author()
        with current_database().snapshot() as session:
            name = service.name_of_actor(session, author.actor_id)
            organisation = _organisation(session, author.organisation) if author.organisation else None
        return private_answer(
            {
                "actor": author.actor_id,
                "name": name,
                "role": author.role,
                "organisation": organisation,
                "via": author.via,
                "expires_at": _instant(author.expires_at),
                "note": author.note,
                "permissions": [
                    {"operation": operation, "scope": scope} for operation, scope in permissions_of(author.role)
                ],
            }
        )


@blp.route("/api-keys")
class ApiKeys(MethodView):
    @blp.operation("listApiKeys", access="api-keys.list")
    @blp.arguments(ApiKeyQuerySchema, location="query")
    @blp.response(200, page_of(ApiKeySchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List API keys

        The newest first, revoked and expired ones too; never with a secret. For administrators.
        """
        with current_database().snapshot() as session:
            page = fetch_page(
                session,
                _keys(query),
                order=Order("newest", ApiKey.__table__.c.created_at, descending=True),
                identity=ApiKey.__table__.c.id,
                limit=query["limit"],
                cursor=query.get("cursor"),
                question=urlencode(sorted(_filters())),
                count=query["count"],
            )
        following = page.next and f"{request.path}?{urlencode([*_filters(), *_limit(), ('cursor', page.next)])}"
        body: dict[str, Any] = {"items": [_shown(row) for row in page.rows], "next": following}
        if page.count is not None:
            body |= {"count": page.count.number, "count_is_exact": page.count.is_exact}
        return private_answer(body, next_page=following)

    @blp.operation(
        "createApiKey",
        access="api-keys.create",
        body="json",
        recorded=False,
    )
    @blp.arguments(ApiKeyInputSchema)
    @blp.response(201, NewApiKeySchema)
    def post(self, values: dict[str, Any]) -> Response:
        """Make an API key

        The answer shows the secret this once; it is kept nowhere. The same request sent again with its Idempotency-Key
        makes no second key and gets `secret: null`: if the first answer was lost, revoke the key and make another.
        """
        _require_sensible(values)
        with transaction("api-keys.create") as session:
            if values["organisation"] is not None and _organisation(session, values["organisation"]) is None:
                detail = f"There is no organisation {values['organisation']!r}; GET /v1/organisations lists them."
                raise _invalid("organisation", "not_found", detail)
            made = service.create_key(session, **values)
            body = _read(session, made.key.id)
        announce("key_created", key=made.key.prefix, role=made.key.role, actor=current_author().actor_id)
        return private_answer(
            {**body, "secret": made.secret},
            status=201,
            location=f"/v1/api-keys/{made.key.id}",
            kept={**body, "secret": None},
        )


@blp.route("/api-keys/<uuid:key_id>")
class ApiKeyById(MethodView):
    @blp.operation("getApiKey", access="api-keys.list")
    @blp.response(200, ApiKeySchema)
    def get(self, key_id: UUID) -> Response:
        """Get an API key

        Whose it is, what it may do, whether it is good and when it was last used.
        """
        with current_database().snapshot() as session:
            return private_answer(_read(session, key_id))


@blp.route("/api-keys/<uuid:key_id>/transitions")
class ApiKeyTransitions(MethodView):
    @blp.operation(
        "revokeApiKey",
        access="api-keys.revoke",
        body="json",
        key_required=False,
        recorded=False,
    )
    @blp.arguments(ApiKeyTransitionSchema)
    @blp.response(200, ApiKeySchema)
    def post(self, _values: dict[str, Any], key_id: UUID) -> Response:
        """Revoke an API key

        For good and at once, also your own. Revoking it twice changes nothing.
        """
        with transaction("api-keys.revoke") as session:
            key = session.get(ApiKey, key_id, with_for_update=True)
            if key is None:
                raise NotFound(f"There is no API key {key_id}.")
            service.revoke_key(session, key)
            body = _read(session, key_id)
        announce("key_revoked", key=key.prefix, actor=current_author().actor_id)
        return private_answer(body)


def _organisation(session: Session, code: str) -> Mapping[str, str | None] | None:
    find: FindOrganisation = current_app.extensions[EXTENSION]
    return find(session, code)


def _require_sensible(values: Mapping[str, Any]) -> None:
    """:raises Invalid: an organisation where the role takes none, or none where it needs one; an end that is past."""
    role, organisation = values["role"], values["organisation"]
    if role in OF_ONE_ORGANISATION and organisation is None:
        raise _invalid("organisation", "required", f"The role {role} is for one organisation; name it.")
    if role not in OF_ONE_ORGANISATION and organisation is not None:
        raise _invalid(
            "organisation", "not_for_this_role", f"The role {role} is for no single organisation; leave it out."
        )
    if values["expires_at"] is not None and values["expires_at"] <= sources.now():
        raise _invalid("expires_at", "past", "A key that has expired already opens nothing; send a later instant.")


def _select() -> sa.Select[Any]:
    return sa.select(ApiKey.__table__, Actor.display_name).join(Actor, Actor.actor_id == ApiKey.actor_id)


def _keys(query: Mapping[str, Any]) -> sa.Select[Any]:
    statement = _select()
    if "role" in query:
        statement = statement.where(ApiKey.role.in_(query["role"]))
    if "organisation" in query:
        statement = statement.where(one_of(ApiKey.__table__.c.organisation, query["organisation"]))
    if "state" in query:
        over = sa.and_(ApiKey.expires_at.is_not(None), ApiKey.expires_at <= sources.now())
        revoked = ApiKey.revoked_at.is_not(None)
        states = {
            "revoked": revoked,
            "expired": sa.and_(~revoked, over),
            "good": sa.and_(~revoked, ~over),
        }
        statement = statement.where(sa.or_(*(states[state] for state in query["state"])))
    return statement


def _read(session: Session, key_id: UUID) -> dict[str, Any]:
    row = session.execute(_select().where(ApiKey.id == key_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no API key {key_id}.")
    return _shown(row)


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "prefix": row["prefix"],
        "role": row["role"],
        "organisation": row["organisation"],
        "name": service.shown_name(row["display_name"]),
        "actor": row["actor_id"],
        "state": service.state_of(row["revoked_at"], row["expires_at"]),
        **{name: _instant(row[name]) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")},
    }


def _instant(value: Any) -> str | None:
    return None if value is None else format_instant(value)


def _filters() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.args.items(multi=True) if name not in ("cursor", "limit", "count")]


def _limit() -> list[tuple[str, str]]:
    return [("limit", request.args["limit"])] if "limit" in request.args else []


def _invalid(field: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(code, detail, pointer=f"#/{field}")])
