"""The public keys of the identity provider: fetched when needed, kept through an outage, never waited for long."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from portfolio.core import strict_json
from portfolio.core.problems import Problem

Key = RSAKey | ECKey
Fetch = Callable[[], Mapping[str, Key]]

FRESH = 600.0
"""Seconds after which the keys are fetched anew."""
STALE = 24 * 3600.0
"""Seconds for which keys go on opening while the provider is away."""
COOLDOWN = 60.0
"""Seconds between two fetches: unknown key ids must not become a flood for the provider."""
PATIENCE = 2.0
"""Seconds that a request waits for a fetch."""
_FIRST_COOLDOWN = 5.0  # while there are no keys at all
_FETCH_SECONDS = 10.0
_LARGEST = 256 * 1024
_SMALLEST_RSA = 2048
logger = logging.getLogger("portfolio.access")


class ProviderAway(Exception):
    """There are no keys to check a token with; it may be good."""


class KeyCache:
    """The keys of one provider, shared by all threads."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, Key] = {}
        self._fetched_at = self._tried_at = -float("inf")
        self._flight: threading.Event | None = None

    def key(self, kid: str) -> Key | None:
        """The key with this id; None where the provider has none.

        :raises ProviderAway: no keys were ever there, or the last ones are too old.
        """
        known = kid in self._usable()
        if known and self._age() < FRESH:
            return self._keys[kid]
        flight = self._refresh()
        if flight is not None and not known:
            flight.wait(PATIENCE)
        keys = self._usable()
        if not keys:
            raise ProviderAway("The identity provider does not answer.")
        return keys.get(kid)

    def _usable(self) -> Mapping[str, Key]:
        return self._keys if self._age() < STALE else {}

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _refresh(self) -> threading.Event | None:
        """The fetch under way, begun now where the last one is long enough ago; None where it is not."""
        with self._lock:
            if self._flight is not None:
                return self._flight
            pause = COOLDOWN if self._usable() else _FIRST_COOLDOWN
            if self._clock() - self._tried_at < pause:
                return None
            self._tried_at = self._clock()
            self._flight = threading.Event()
            threading.Thread(target=self._fly, args=(self._flight,), name="provider-keys", daemon=True).start()
            return self._flight

    def _fly(self, flight: threading.Event) -> None:
        try:
            keys = self._fetch()
            self._keys, self._fetched_at = keys, self._clock()
            logger.info("The identity provider has %s keys", len(keys))
        except (OSError, ValueError, Problem, JoseError) as error:
            logger.warning("The identity provider's keys could not be fetched: %s", error)
        finally:
            with self._lock:
                self._flight = None
            flight.set()


def provider_keys(issuer: str) -> Mapping[str, Key]:
    """The signing keys of ``issuer`` by key id, found through its discovery document.

    :raises OSError: it does not answer.
    :raises ValueError: it answers something else than keys.
    """
    until = time.monotonic() + _FETCH_SECONDS
    found = _json(issuer.rstrip("/") + "/.well-known/openid-configuration", until)
    if found.get("issuer") != issuer:
        raise ValueError("the discovery document names another issuer")
    place = found.get("jwks_uri")
    if not isinstance(place, str) or urlsplit(place).scheme != urlsplit(issuer).scheme:
        raise ValueError("the discovery document names no jwks_uri of the issuer's own scheme")
    keys = signing_keys(_json(place, until))
    if not keys:
        raise ValueError("there is no RSA or EC signing key among the keys")
    return keys


def signing_keys(key_set: Mapping[str, Any]) -> dict[str, Key]:
    """The public RSA and EC keys for signatures in a key set; every other key is passed over."""
    listed = key_set.get("keys")
    if not isinstance(listed, list):
        raise ValueError("the key set has no list of keys")
    found: dict[str, Key] = {}
    for one in listed:
        key = _signing_key(one)
        if key is not None and one["kid"] not in found:
            found[one["kid"]] = key
    return found


def _signing_key(listed: Any) -> Key | None:
    if not isinstance(listed, dict) or not isinstance(listed.get("kid"), str):
        return None
    if listed.get("use", "sig") != "sig" or listed.get("kty") not in ("RSA", "EC"):
        return None
    public = {name: listed[name] for name in ("kty", "n", "e", "crv", "x", "y") if isinstance(listed.get(name), str)}
    try:
        if listed["kty"] == "EC":
            return ECKey.import_key(public) if public.get("crv") == "P-256" else None
        # Shorter ones are passed over; the library would take them, with a warning.
        return RSAKey.import_key(public) if _bits(public["n"]) >= _SMALLEST_RSA else None
    except (ValueError, KeyError, TypeError, JoseError):
        logger.warning("A key of the identity provider cannot be read and is passed over")
        return None


def _bits(number: str) -> int:
    data = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    return int.from_bytes(data, "big").bit_length()


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Not followed: the keys come from where the issuer says."""


_opener = build_opener(_NoRedirect)


def _json(address: str, until: float) -> dict[str, Any]:
    """A small JSON object, read before ``until``."""
    request = Request(address, headers={"Accept": "application/json", "User-Agent": "portfolio-register"})
    data = b""
    try:
        with _opener.open(request, timeout=max(0.1, until - time.monotonic())) as answer:
            while chunk := answer.read1(65536):
                data += chunk
                if len(data) > _LARGEST:
                    raise ValueError(f"{address} answers more than {_LARGEST} bytes")
                if time.monotonic() > until:
                    raise TimeoutError(f"{address} takes too long")
    except URLError as error:
        raise OSError(f"{address}: {error.reason}") from None
    except HTTPException as error:
        raise ValueError(f"{address} answers no HTTP: {type(error).__name__}") from None
    value = strict_json.loads(data)
    if not isinstance(value, dict):
        raise ValueError(f"{address} answers no JSON object")
    return value
