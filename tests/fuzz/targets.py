"""Fuzz targets: each takes any bytes and fails when something breaks other than in the words meant for it.

``python dev.py fuzz`` runs them under atheris, guided by coverage; ``test_targets.py`` runs them a little, with
hypothesis. To run one alone: ``.venv/bin/python -m tests.fuzz.run NAME -max_total_time=20``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Flask

from portfolio.access.jwks import KeyCache, signing_keys
from portfolio.access.tokens import Claims, TokenRefused, Tokens, read_claims
from portfolio.core import strict_json
from portfolio.core.answers import required_version
from portfolio.core.api import StrictParser
from portfolio.core.dates import format_instant, parse_day, parse_instant
from portfolio.core.fields import clean_text, fault
from portfolio.core.lists import Order, _decode
from portfolio.core.money import format_amount, format_rate, parse_amount, parse_rate
from portfolio.core.problems import Problem
from portfolio.core.reasons import change_reason
from portfolio.core.settings import Oidc
from portfolio.exchange.columns import CellFault
from portfolio.exchange.headers import find_sheets
from portfolio.exchange.upload import read_upload
from portfolio.history.schemas import ListQuerySchema

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
_app = Flask(__name__)
_OIDC = Oidc("https://issuer.example", "register", roles={"e": "editor"})
_FAULT = type(fault("", ""))


def target(function: Target) -> Target:
    TARGETS[function.__name__] = function
    return function


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@target
def json_loader(data: bytes) -> None:
    """What is taken has one meaning: the same as the strict library sees, exact, and it can be stored."""
    try:
        value = strict_json.loads(data)
    except Problem as problem:
        assert problem.status in (400, 413)
        return
    again = json.loads(data, parse_float=Decimal)
    assert value == again
    json.dumps(value, default=str, ensure_ascii=False).encode()


@target
def amounts(data: bytes) -> None:
    """An amount has one form, and comes back in it."""
    text = _text(data)
    for parse, form in ((parse_amount, format_amount), (parse_rate, format_rate)):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert form(value) == text
        assert value == value.quantize(Decimal("0.0001"))


@target
def days(data: bytes) -> None:
    """A day has one form; an instant keeps its moment."""
    text = _text(data)
    try:
        day = parse_day(text)
    except ValueError:
        pass
    else:
        assert isinstance(day, date)
        assert day.isoformat() == text
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert isinstance(instant, datetime)
    assert parse_instant(format_instant(instant)) == instant


@target
def cursors(data: bytes) -> None:
    """A cursor that nobody gave is refused, or is one that could have been given."""
    kinds: tuple[Any, ...] = (sa.Text(), sa.Date(), sa.Integer(), sa.DateTime())
    for kind in kinds:
        column: sa.ColumnElement[Any] = sa.column("a", kind)
        wrapped = base64.urlsafe_b64encode(b'["key",' + data + b"]").decode().rstrip("=")
        for cursor in (_text(data), wrapped):
            try:
                _decode(cursor, "key", Order("a", column, descending=False), column)
            except Problem as problem:
                assert problem.status == 422


@target
def texts(data: bytes) -> None:
    """What is taken is storable text of bounded length that stays as it is when it is sent again."""
    for lines in (False, True):
        try:
            found = clean_text(_text(data), minimum=1, maximum=300, lines=lines)
        except _FAULT:
            continue
        assert 1 <= len(found) <= 300
        assert "\x00" not in found
        assert clean_text(found, minimum=1, maximum=300, lines=lines) == found
        found.encode()


def _nothing() -> dict[str, Any]:
    return {}


@target
def tokens(data: bytes) -> None:
    """No bytes are a good token."""
    door = Tokens(_OIDC, None, KeyCache(_nothing), lambda *_: None)  # type: ignore[arg-type]
    head = base64.urlsafe_b64encode(b'{"alg":"ES256","typ":"at+jwt","kid":"a"}').decode().rstrip("=")
    wrapped = base64.urlsafe_b64encode(data).decode().rstrip("=")
    for token in (_text(data), f"{wrapped}.{head}.AAAA", f"{head}.{wrapped}.AAAA"):
        try:
            door.author(token)
        except TokenRefused:
            continue
        except Problem as problem:
            assert problem.status == 503  # there are no keys to check it with
            continue
        raise AssertionError("a token was taken")


@target
def claims(data: bytes) -> None:
    """Signed claims of any shape are refused or read; a key set of any shape gives keys or a ValueError."""
    try:
        value = strict_json.loads(data)
    except Problem:
        return
    if not isinstance(value, dict):
        return
    with suppress(ValueError):
        signing_keys(value)
    usual = {"iss": _OIDC.issuer, "aud": "register", "exp": 2**33, "iat": 1, "sub": "a"}
    for given in (value, {**usual, **value}, {**value, **usual}):
        try:
            found = read_claims(given, _OIDC)
        except TokenRefused:
            continue
        assert isinstance(found, Claims)
        assert found.role in ("viewer", "editor")


@target
def headers(data: bytes) -> None:
    """If-Match and Change-Reason are read or refused."""
    value = data.decode("latin-1").replace("\r", "").replace("\n", "")
    with _app.test_request_context("/", method="PATCH", headers={"If-Match": value, "Change-Reason": value}):
        try:
            assert required_version() > 0
        except Problem as problem:
            assert problem.status in (412, 428)
        try:
            reason = change_reason()
        except Problem as problem:
            assert problem.status == 422
        else:
            assert reason is not None
            assert len(reason) <= 500


@target
def queries(data: bytes) -> None:
    """A query is read or refused."""
    query = data.decode("latin-1").replace("#", "")
    with _app.test_request_context("/", environ_overrides={"QUERY_STRING": query}):
        try:
            found = StrictParser().parse(ListQuerySchema(), location="query")
        except Problem as problem:
            assert problem.status == 422
        else:
            assert 1 <= found["limit"] <= 200


@target
def uploads(data: bytes) -> None:
    """A file is read or refused as a whole, whatever is in it; so is a CSV file, and each cell of it."""
    for content, sheet in ((data, None), (b"project;requested_amount;version;id\r\n" + data, "applications")):
        try:
            found = find_sheets(read_upload(content, "file.csv", sheet))
        except Problem as problem:
            assert problem.status == 422
            continue
        for matched in found.matched:
            for row in matched.body:
                for name, place in matched.places.items():
                    column = matched.sheet.by_name[name]
                    with suppress(CellFault):
                        value = column.reads(row[place] if place < len(row) else None)
                        assert column.codelist is None or value is None or value in column.codelist.labels
