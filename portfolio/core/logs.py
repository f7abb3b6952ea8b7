"""What the register writes down about its own running."""

from __future__ import annotations

import logging

_security = logging.getLogger("portfolio.security")


def security_event(event: str, **facts: str | int | None) -> None:
    """One line of the security log: who was let in or turned away, and why. Never a secret, never a body.

    :param event: a stable name such as ``sign_in_failed``.
    """
    _security.info(event, extra={"facts": facts})
