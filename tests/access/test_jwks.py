"""The provider's keys: fetched rarely, kept through an outage, and never waited for long."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest
from joserfc.jwk import ECKey

from portfolio.access.jwks import COOLDOWN, FRESH, STALE, KeyCache, ProviderAway, provider_keys
from tests.access.issuing import Issuer, an_issuer, send, send_json

KEY = ECKey.generate_key("P-256")


class Source:
    """What the cache fetches from, and the clock it looks at."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetched = 0
        self.keys: Mapping[str, ECKey] = {"a": KEY}
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.cache = KeyCache(self._fetch, lambda: self.now)

    def _fetch(self) -> Mapping[str, ECKey]:
        self.gate.wait(10)
        self.fetched += 1
        if self.failure is not None:
            raise self.failure
        return self.keys

    def settle(self) -> None:
        """Let a fetch in the background end."""
        for thread in threading.enumerate():
            if thread.name == "provider-keys":
                thread.join(5)


@pytest.fixture
def source() -> Source:
    return Source()


class TestCache:
    def test_asks_once_while_keys_are_fresh(self, source: Source) -> None:
        assert source.cache.key("a") is KEY
        source.now += FRESH - 1
        assert source.cache.key("a") is KEY
        assert source.fetched == 1

    def test_refreshes_old_keys_without_making_anybody_wait(self, source: Source) -> None:
        source.cache.key("a")
        source.now += FRESH
        source.gate.clear()
        assert source.cache.key("a") is KEY  # at once, from what is there
        source.gate.set()
        source.settle()
        assert source.fetched == 2

    def test_finds_a_new_key_at_once_but_asks_once_a_minute(self, source: Source) -> None:
        source.cache.key("a")
        source.now += COOLDOWN
        source.keys = {"a": KEY, "b": KEY}
        assert source.cache.key("b") is KEY
        for number in range(100):
            assert source.cache.key(f"unknown-{number}") is None
        assert source.fetched == 2
        source.now += COOLDOWN
        assert source.cache.key("unknown") is None
        assert source.fetched == 3

    def test_drops_a_key_that_was_withdrawn(self, source: Source) -> None:
        source.cache.key("a")
        source.now += FRESH
        source.keys = {"b": KEY}
        source.cache.key("b")
        assert source.cache.key("a") is None

    def test_keeps_keys_for_a_day_while_the_provider_is_away(self, source: Source) -> None:
        source.cache.key("a")
        source.failure = OSError("away")
        for _ in range(23):
            source.now += 3600
            assert source.cache.key("a") is KEY
            source.settle()
        source.now = 1000 + STALE
        with pytest.raises(ProviderAway):
            source.cache.key("a")
        source.settle()
        source.failure = None
        source.now += COOLDOWN
        assert source.cache.key("a") is KEY

    def test_without_any_key_tries_again_soon(self, source: Source) -> None:
        source.failure = ValueError("garbage")
        with pytest.raises(ProviderAway):
            source.cache.key("a")
        source.failure = None
        with pytest.raises(ProviderAway):
            source.cache.key("a")
        source.now += 5
        assert source.cache.key("a") is KEY

    def test_fetches_once_however_many_wait(self, source: Source) -> None:
        source.gate.clear()
        found: list[object] = []
        threads = [threading.Thread(target=lambda: found.append(source.cache.key("a"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        source.gate.set()
        for thread in threads:
            thread.join()
        assert (found, source.fetched) == ([KEY] * 8, 1)

    def test_lets_nobody_wait_longer_than_two_seconds(self, source: Source) -> None:
        source.gate.clear()
        began = time.monotonic()
        with pytest.raises(ProviderAway):
            source.cache.key("a")
        assert time.monotonic() - began < 2.5
        source.gate.set()
        source.settle()
        assert source.cache.key("a") is KEY


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with an_issuer() as found:
        yield found


def test_keys_are_found_through_discovery(issuer: Issuer) -> None:
    assert set(provider_keys(issuer.address)) == {"ec", "rsa"}
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def _discovery(**changes: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        host = f"http://{request.headers['Host']}"
        send_json(request, {"issuer": host, "jwks_uri": f"{host}/keys", **changes})

    return answer


def _drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(200):
            request.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        return


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(_discovery(issuer="https://evil.example"), id="another issuer"),
        pytest.param(_discovery(jwks_uri="file:///etc/passwd"), id="a file"),
        pytest.param(_discovery(jwks_uri="https://127.0.0.1:9/keys"), id="another scheme"),
        pytest.param(_discovery(), id="no keys in the key set"),
        pytest.param(partial(send, data=b"<html>"), id="no json"),
        pytest.param(partial(send, data=b"[]"), id="no object"),
        pytest.param(partial(send, data=b'{"a":1,"a":2}'), id="a key twice"),
        pytest.param(partial(send, data=b"\xff\xfe"), id="no text"),
        pytest.param(partial(send, data=b" " * 300_000), id="too large"),
        pytest.param(partial(send, data=b"{}", status=500), id="a failure"),
        pytest.param(partial(send, data=b"", status=302, Location="http://127.0.0.1:9/"), id="a redirect"),
        pytest.param(lambda request: request.wfile.write(b"garbage\n\n"), id="no http"),
        pytest.param(_drip, id="a drip"),
    ],
)
def test_what_is_no_answer_is_an_error(
    issuer: Issuer, answer: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portfolio.access.jwks._FETCH_SECONDS", 0.5)
    issuer.answer = answer
    cache = KeyCache(partial(provider_keys, issuer.address))
    began = time.monotonic()
    with pytest.raises(ProviderAway):
        cache.key("ec")
    assert time.monotonic() - began < 2.5


def test_nobody_at_the_address_is_an_error() -> None:
    with pytest.raises(OSError, match=re.escape("127.0.0.1:9")):
        provider_keys("http://127.0.0.1:9")
