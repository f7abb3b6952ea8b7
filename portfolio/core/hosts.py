"""The names that the register answers to: a request for another name is not for us, or not what it seems."""

from __future__ import annotations

import re

from flask import Flask, request

from portfolio.core.logs import security_event
from portfolio.core.problems import BadRequest

_LOCAL = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "::", "")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?", re.IGNORECASE)


class UnknownHost(BadRequest):
    """The Host header names something that this register is not called."""

    slug = "unknown-host"
    title = "This register is not called that"


def install(app: Flask, address: str, trusted: tuple[str, ...]) -> None:
    """Refuse requests that name another host. Probes of ``/health`` may use any address.

    :param address: what the server listens on.
    :param trusted: more names; one that begins with a dot stands for all names below it.
    """
    own = () if address in ANY_ADDRESS else (f"[{address}]" if ":" in address else address,)
    names = {name.lower() for name in (*_LOCAL, *own, *trusted)}

    def check() -> None:
        if request.path.startswith("/health/"):
            return
        found = _HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
        if found is None or not _is_known(found[1].lower(), names):
            security_event("host_refused")
            raise UnknownHost(
                "The Host header names no name of this register; the operator adds names with PORTFOLIO_TRUSTED_HOSTS."
            )

    app.before_request(check)


def _is_known(name: str, names: set[str]) -> bool:
    bare = name.rstrip(".")
    above = (bare[at:] for at, char in enumerate(bare) if char == ".")
    return bare in names or any(part in names for part in above)
