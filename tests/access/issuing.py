"""An identity provider of our own for the tests: keys, tokens of every kind, and a server that behaves as told."""

from __future__ import annotations

import base64
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from portfolio.app import create_app
from portfolio.core.db import Database
from portfolio.core.settings import Oidc
from tests.answer_checker import CheckedClient
from tests.conftest import settings_of

AUDIENCE = "https://register.example/v1"
ROLES = {"register-editor": "editor", "register-audit": "auditor", "register-lead": "coordinator"}
Key = RSAKey | ECKey


class Issuer:
    """A provider on loopback. ``answer`` may be replaced by whatever misbehaves."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {
            "ec": ECKey.generate_key("P-256"),
            "rsa": RSAKey.generate_key(2048),
        }
        self.listed: list[dict[str, Any]] | None = None
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.answer_well
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                issuer.answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler

    def answer_well(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/.well-known/openid-configuration":
            send_json(request, {"issuer": self.address, "jwks_uri": f"{self.address}/keys"})
        else:
            send_json(request, {"keys": self.key_set()})

    def key_set(self) -> list[dict[str, Any]]:
        if self.listed is not None:
            return self.listed
        return [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims; a change to ``None`` takes one out."""
        now = int(time.time())
        found = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "eva",
            "name": "Eva Prüferin",
            "iat": now,
            "exp": now + 300,
            "groups": ["register-editor"],
            "organisation": "MUNV",
            **changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(
        self,
        claims: Mapping[str, Any] | bytes | None = None,
        *,
        kid: str = "ec",
        key: Any = None,
        header: Mapping[str, Any] | None = None,
    ) -> str:
        """A signed token; ``header`` adds to it, and takes out what it maps to None."""
        key = self.keys[kid] if key is None else key
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        head = {"alg": algorithm, "typ": "at+jwt", "kid": kid, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        payload = claims if isinstance(claims, bytes) else json.dumps(self.claims() if claims is None else claims)
        usual = set(head) <= {"alg", "typ", "kid"} and all(isinstance(value, str) for value in head.values())
        if usual and head["alg"] == algorithm:
            return jws.serialize_compact(head, payload, key, algorithms=[algorithm])
        return signed_by_hand(head, payload, key, algorithm)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def signed_by_hand(head: Mapping[str, Any], payload: str | bytes, key: Any, algorithm: str) -> str:
    """A token with a header that no library would sign; the signature is right all the same."""
    text = f"{part(json.dumps(head))}.{part(payload)}"
    method = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    return f"{text}.{part(method.sign(text.encode(), key))}"


def part(data: str | bytes) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


def send_json(request: BaseHTTPRequestHandler, body: object) -> None:
    send(request, json.dumps(body).encode())


def send(request: BaseHTTPRequestHandler, data: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)


@contextmanager
def an_issuer() -> Iterator[Issuer]:
    found = Issuer()
    try:
        yield found
    finally:
        found.close()


def app_of(database: Database, issuer: str, **changes: Any) -> Flask:
    """The register with this provider connected."""
    oidc = Oidc(**{"issuer": issuer, "audience": AUDIENCE, "roles": ROLES, **changes})
    app = create_app(dataclasses.replace(settings_of(database), oidc=oidc), database)
    app.test_client_class = CheckedClient
    return app


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
