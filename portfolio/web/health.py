"""/health/live and /health/ready: for whoever runs the register."""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response

from portfolio.core import migrate
from portfolio.core.answers import json_bytes
from portfolio.core.db import current_database
from portfolio.history.checkpoints import current_signer

blueprint = Blueprint("health", __name__, url_prefix="/health")
logger = logging.getLogger("portfolio.health")


@blueprint.get("/live")
def live() -> Response:
    """The process answers."""
    return _answer({"status": "live"}, 200)


@blueprint.get("/ready")
def ready() -> Response:
    """The database answers, stands at this program's schema and extends what was signed.

    :raises LogRollback: it does not extend that; the answer is the problem that every write gets.
    """
    try:
        found = migrate.current(current_database())
    except sa.exc.SQLAlchemyError:
        logger.warning("Not ready: the database does not answer", exc_info=True)
        return _answer({"status": "not ready", "reason": "The database does not answer."}, 503)
    if found != migrate.newest():
        return _answer({"status": "not ready", "reason": f"The schema is {found}, not {migrate.newest()}."}, 503)
    signer = current_signer()
    signer.require_extended()
    body: dict[str, Any] = {"status": "ready", "schema": found}
    warnings = signer.warnings()
    return _answer({**body, "warnings": warnings} if warnings else body, 200)


def _answer(body: dict[str, Any], status: int) -> Response:
    answer = Response(json_bytes(body), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
