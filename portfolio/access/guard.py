"""The gate before every operation: who is asking, and may this role call it at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g, request
from sqlalchemy.orm import Session

from portfolio.access.identity import CHALLENGE, HOW, UnknownCredentials, identify
from portfolio.access.policy import OF_ONE_ORGANISATION, may_call, may_ever, require
from portfolio.access.rates import address, current_limiter
from portfolio.access.service import Author
from portfolio.core.api import Operation, operation_of
from portfolio.core.db import WriteContext
from portfolio.core.logs import security_event
from portfolio.core.problems import Forbidden, PreconditionRequired, Unauthenticated, request_id
from portfolio.core.reasons import change_reason, refuse_reason, require_reason_header
from portfolio.core.request_shape import check_request_shape
from portfolio.core.vocabulary import Label
from portfolio.core.writing import current_writing, retry_key

PUBLIC_VIEW = "public"
FULL_VIEW = "full"
_READS_ALL = ("coordinator", "auditor")


def install(app: Flask) -> None:
    """Check every request in this order: 413/415, 401, 429, 410, 403 by role, 428, 400; then comes the route."""
    app.before_request(_check)


def current_author() -> Author:
    """The author of this request.

    :raises Unauthenticated: nobody is signed in.
    """
    author = _author()
    if author is None:
        raise Unauthenticated(f"This operation needs credentials. {HOW}", headers=CHALLENGE)
    return author


def optional_author() -> Author | None:
    """The author of this request; None where nobody is signed in."""
    return _author()


def current_view() -> str:
    """What this caller may see: what is public, what one organisation sees of its own beside that, or all."""
    author = _author()
    if author is not None and author.role in _READS_ALL:
        return FULL_VIEW
    if author is not None and author.role in OF_ONE_ORGANISATION:
        return f"own:{author.organisation}"
    return PUBLIC_VIEW


def view_in_words(view: str) -> Label:
    """``view`` as a download names it."""
    if view == PUBLIC_VIEW:
        return Label("öffentlich", "public")
    if view == FULL_VIEW:
        return Label("vollständig, auch was nicht öffentlich ist", "all, also what is not public")
    organisation = view.removeprefix("own:")
    return Label(
        f"öffentlich, dazu Internes der Projekte von {organisation}",
        f"public, and internals of the projects led by {organisation}",
    )


def sees_internal(view: str, lead_ministry: str | None) -> bool:
    """Whether internal notes, references and drafts of a project led by ``lead_ministry`` are shown in ``view``."""
    return view == FULL_VIEW or (lead_ministry is not None and view == f"own:{lead_ministry}")


@contextmanager
def transaction(action: str, *, reason: str | None = None) -> Iterator[Session]:
    """A write by the current author: one revision named ``action`` (``projects.update``).

    Leaving it records the revision; the commit follows when the answer is finished, and before it is given.

    :param reason: why, where the body said so; else the header does.
    :raises Invalid: a removal without a reason, or a header that cannot be read.
    """
    author = current_author()
    if request.method == "DELETE":
        require_reason_header("A removal")
    context = WriteContext(
        actor_id=author.actor_id,
        via=author.via,
        action=action,
        ministry=author.organisation,
        reason=change_reason() if reason is None else reason,
        request_id=request_id(),
    )
    with current_writing().transaction(context) as session:
        yield session


def require_own(operation: str, owner: str | None) -> None:
    """:raises Forbidden: the current author may not change a record of a project that ``owner`` leads today."""
    author = current_author()
    try:
        require(author, operation, owner)
    except Forbidden:
        security_event("denied", actor=author.actor_id, operation=operation, why="owner")
        raise
    current_writing().allowed()


def require_own_of_many(operation: str, owner: str | None) -> None:
    """As :func:`require_own`, for a request that does many things of which its own operation says nothing.

    :raises Forbidden: the role may not do this at all, or not to a record of this project.
    """
    author = current_author()
    if not may_ever(author.role, operation):
        raise Forbidden(f"The role {author.role} may not do this ({operation}); that is for {may_call(operation)}.")
    require_own(operation, owner)


def _check() -> None:
    operation = operation_of(request)
    if operation is None:
        if not request.path.startswith("/health/"):  # whoever watches the register asks often
            g.rate = current_limiter().spend_request(f"address {address()}")
        return
    check_request_shape(operation)
    _authenticate()
    author = _author()
    caller = f"address {address()}" if author is None else author.actor_id
    g.rate = current_limiter().spend_request(caller)
    if operation.deprecated is not None:
        operation.deprecated.refuse_if_over(operation.operation_id)
    if operation.access is not None:
        _require_role(operation, operation.access)
    elif operation.signed_in:
        current_author()
    if operation.if_match and not request.headers.get("If-Match", "").strip():
        raise PreconditionRequired("Send If-Match with the ETag you read, so that no other change is overwritten.")
    if operation.access is not None:
        retry_key(request, required=operation.key_required)
    if not operation.recorded:
        refuse_reason()


def _require_role(operation: Operation, access: str) -> None:
    author = current_author()
    if not may_ever(author.role, access):
        security_event("denied", actor=author.actor_id, operation=operation.operation_id, why="role")
        sentence = f"The role {author.role} may not call {operation.operation_id}; that is for {may_call(access)}."
        raise Forbidden(author.note or sentence)


def _authenticate() -> None:
    """Look the credentials up once. What is sent must be good, even where none is needed."""
    g.author = None
    header = request.headers.get("Authorization")
    if header is None:
        return
    try:
        g.author = identify(header)
    except Unauthenticated as refusal:
        security_event("sign_in_failed", why=type(refusal).__name__)
        if isinstance(refusal, UnknownCredentials):
            current_limiter().spend_failure(address())
        raise


def _author() -> Author | None:
    author = g.get("author")
    assert author is None or isinstance(author, Author)
    return author
