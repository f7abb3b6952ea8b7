"""The connection to the register: copy this file, it is all that a program needs beside the generated client."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self, TypeVar

import httpx
from portfolio_client.client import AuthenticatedClient
from portfolio_client.models.problem import Problem

Kind = TypeVar("Kind")
Result = TypeVar("Result")


def connect(url: str, key: str, transport: httpx.BaseTransport | None = None) -> AuthenticatedClient:
    """A client that signs in with an API key; every operation takes it as ``client=``."""
    return AuthenticatedClient(
        base_url=url, token=key, raise_on_unexpected_status=True, httpx_args={"transport": transport}
    )


class Refusal(Exception):
    """What the register refused (RFC 9457): ``problem.type_`` is stable, ``problem.detail`` a sentence for people."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.type_}: {problem.detail} (request {problem.request_id})")
        self.problem = problem


def found(parsed: object, kind: type[Kind]) -> Kind:
    """The record or page that an operation gave; a refusal is raised.

    An operation gives ``Project | Problem | …``: this narrows it, for the reader and for the type checker.
    """
    if isinstance(parsed, Problem):
        raise Refusal(parsed)
    if not isinstance(parsed, kind):
        raise TypeError(f"{kind.__name__} was expected, {type(parsed).__name__} came.")
    return parsed


def refusal(parsed: object) -> Problem:
    """The problem of an answer that must be a refusal; anything else is an error of this program."""
    if not isinstance(parsed, Problem):
        raise TypeError(f"A refusal was expected, {type(parsed).__name__} came.")
    return parsed


class Page(Protocol):
    """A generated model of a list's page."""

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self: ...


AnyPage = TypeVar("AnyPage", bound=Page)


def follow(register: AuthenticatedClient, address: str, kind: type[AnyPage]) -> AnyPage:
    """The page at an address which the register gave: ``next`` of a page, ``lines`` of a sum.

    It is requested as it stands. Never take it apart or build one: what is in it is the register's business.
    """
    answer = register.get_httpx_client().get(address)
    if answer.is_error:
        raise Refusal(Problem.from_dict(answer.json()))
    return kind.from_dict(answer.json())


def with_retry(send: Callable[[], Result], attempts: int = 3) -> Result:
    """Send a write, and send it again when no answer came.

    ``send`` must use one Idempotency-Key for all attempts. Whether the register never heard the first attempt or only
    its answer was lost: the work is done once.
    """
    for attempt in range(1, attempts):
        try:
            return send()
        except httpx.TransportError:
            time.sleep(0.1 * 2**attempt)
    return send()
