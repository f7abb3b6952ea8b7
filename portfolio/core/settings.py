"""Typed settings from the environment; a wrong one stops the start with a sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import marshmallow as ma
import sqlalchemy as sa
from environs import EnvError, FileAwareEnv

_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,199}")
_WEB_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_HOST = re.compile(r"\.?[A-Za-z0-9.-]+|\[[0-9a-f:]+\]")
_ISSUER = re.compile(r"https://[^\s?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?(/[^\s?#]*)?")
_PUBLIC_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_CONTACT = re.compile(r"mailto:[^\s@,<>]+@[A-Za-z0-9.-]+|https://[^\s,<>]+|tel:\+[0-9-]+")
_POLICY = re.compile(r"https://[^\s,<>]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SIGNATURES = ("RS256", "ES256")


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and what it may be."""


@dataclass(frozen=True)
class Rates:
    """How often one caller may ask, in requests a minute; each process counts for itself."""

    requests: int = 12_000
    """Of one key or person, or of one address without credentials."""
    failures: int = 10
    """Sign-ins of one address with credentials that nobody here knows."""


@dataclass(frozen=True)
class Oidc:
    """The provider whose access tokens open the register, and which of their claims say what."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = _SIGNATURES
    role_claim: str = "groups"
    """A name or a path such as ``realm_access.roles``; its value is one text or a list of them."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """From a value of the role claim to a role of ours; empty: they are called alike."""
    organisation_claim: str = "organisation"
    name_claim: str = "name"


@dataclass(frozen=True)
class Disclosure:
    """Whom to tell of a weakness, and how (RFC 9116)."""

    contacts: tuple[str, ...] = ()
    """Addresses such as ``mailto:…``, the preferred one first; without any there is no security.txt."""
    policy: str = ""
    """The page that says what may be tried and what becomes of a report."""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Everything that steers one running register."""

    database_url: str
    migration_url: str
    data_dir: Path
    host: str
    port: int
    log_origin: str
    threads: int
    statement_timeout_ms: int
    log_key: Path
    checkpoint_dir: Path
    checkpoint_seconds: float
    trusted_hosts: tuple[str, ...] = ()
    """Names the register is reached by, beside the local ones; ``.example.org`` admits all names below it."""
    trusted_proxies: int = 0
    """How many proxies in front add to X-Forwarded-For."""
    cors_origins: tuple[str, ...] = ()
    """Web pages of these origins may send credentials and change records."""
    body_seconds: float = 10
    """How long a client may take to send its body."""
    rates: Rates = Rates()
    oidc: Oidc | None = None
    security_log: Path | None = None
    """The file that denials and sign-ins are written to; else they stand between the other lines of the log."""
    public_url: str = ""
    """The address that others reach the register by, without a slash at its end; empty: not told."""
    disclosure: Disclosure = Disclosure()
    cache_mib: int = 64
    """MiB of finished answers that each process keeps; 0 keeps none."""


def _normalised(url: str, name: str) -> str:
    # SQLAlchemy 2.0 and 2.1 differ in the driver of a bare postgresql:// address.
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            url = "postgresql+psycopg://" + url.removeprefix(short)
    try:
        parts = sa.make_url(url)
        backend = parts.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise SettingsError(f"{name} is not a database address; use sqlite:///FILE or postgresql://…") from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"{name} names {backend!r}; the register runs on sqlite and postgresql.")
    if backend == "sqlite" and parts.database in (None, "", ":memory:"):
        raise SettingsError(f"{name} names no file; the embedded database is a file: sqlite:///FILE.")
    return url


def _range(smallest: float, largest: float) -> ma.validate.Range:
    kind = "whole number" if isinstance(smallest, int) else "number"
    return ma.validate.Range(smallest, largest, error=f"Give a {kind} from {smallest} to {largest}.")


def read_settings() -> Settings:
    """The settings of this process.

    :raises SettingsError: a variable is wrong, in one sentence.
    """
    env = FileAwareEnv(prefix="PORTFOLIO_")
    try:
        data_dir = Path(env.str("DATA_DIR", "./.data")).expanduser()
        default_url = f"sqlite:///{(data_dir / 'portfolio.sqlite').absolute()}"
        database_url = _normalised(env.str("DATABASE_URL", default_url), "PORTFOLIO_DATABASE_URL")
        origin = env.str("LOG_ORIGIN", "portfolio.example/log")
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError("PORTFOLIO_LOG_ORIGIN is a name like portfolio.example/log, without spaces.")
        return Settings(
            database_url=database_url,
            migration_url=_normalised(env.str("MIGRATION_URL", database_url), "PORTFOLIO_MIGRATION_URL"),
            data_dir=data_dir,
            host=env.str("HOST", "127.0.0.1") or "127.0.0.1",
            port=env.int("PORT", 8000, validate=_range(1, 65535)),
            log_origin=origin,
            threads=env.int("THREADS", 8, validate=_range(1, 256)),
            statement_timeout_ms=env.int("STATEMENT_TIMEOUT_MS", 30_000, validate=_range(100, 600_000)),
            log_key=Path(env.str("LOG_KEY", str(data_dir / "log.key"))).expanduser(),
            checkpoint_dir=Path(env.str("CHECKPOINT_DIR", str(data_dir / "checkpoints"))).expanduser(),
            checkpoint_seconds=env.float("CHECKPOINT_SECONDS", 60.0, validate=_range(0.2, 60)),
            trusted_hosts=_names(env, "TRUSTED_HOSTS", _HOST, "host names such as register.example.org"),
            trusted_proxies=env.int("TRUSTED_PROXIES", 0, validate=_range(0, 10)),
            cors_origins=_names(env, "CORS_ORIGINS", _WEB_ORIGIN, "origins such as https://pages.example.org"),
            body_seconds=env.float("BODY_SECONDS", 10.0, validate=_range(0.5, 300)),
            rates=_rates(env),
            oidc=_oidc(env),
            security_log=env.path("SECURITY_LOG", None),
            public_url=_one(env, "PUBLIC_URL", _PUBLIC_URL, "the register's own address, https://register.example.org"),
            disclosure=_disclosure(env),
            cache_mib=env.int("CACHE_MIB", Settings.cache_mib, validate=_range(0, 65536)),
        )
    except EnvError as error:
        # Of a value out of range environs shows Python's list of messages.
        said = str(error).replace("['", "").replace("']", "")
        raise SettingsError(f"{said} Correct the variable and start again.") from None


def _names(env: FileAwareEnv, name: str, form: re.Pattern[str], example: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in env.str(name, "").split(",") if one.strip())
    for one in found:
        if not form.fullmatch(one):
            raise SettingsError(f"PORTFOLIO_{name} holds {one!r}; give {example}, separated by commas.")
    return found


def _one(env: FileAwareEnv, name: str, form: re.Pattern[str], example: str) -> str:
    found = env.str(name, "").strip()
    if found and not form.fullmatch(found):
        raise SettingsError(f"PORTFOLIO_{name} holds {found!r}; give {example}.")
    return found


def _disclosure(env: FileAwareEnv) -> Disclosure:
    return Disclosure(
        contacts=_names(env, "SECURITY_CONTACT", _CONTACT, "mailto:security@example.org or an https address"),
        policy=_one(env, "SECURITY_POLICY", _POLICY, "the https address of a page"),
        languages=_names(env, "SECURITY_LANGUAGES", _LANGUAGE, "languages such as de,en"),
    )


def _rates(env: FileAwareEnv) -> Rates:
    usual = Rates()
    bounds = _range(1, 100_000_000)
    return Rates(
        requests=env.int("RATE_REQUESTS", usual.requests, validate=bounds),
        failures=env.int("RATE_FAILURES", usual.failures, validate=bounds),
    )


def _oidc(env: FileAwareEnv) -> Oidc | None:
    issuer = env.str("OIDC_ISSUER", "")
    if not issuer:
        return None
    if not _ISSUER.fullmatch(issuer):
        raise SettingsError(
            "PORTFOLIO_OIDC_ISSUER is the provider's address as its tokens name it, https://… (http only if local)."
        )
    audience = env.str("OIDC_AUDIENCE", "")
    if not audience:
        raise SettingsError("PORTFOLIO_OIDC_AUDIENCE is missing: the name the provider gives this register.")
    algorithms = _names(env, "OIDC_ALGORITHMS", re.compile("|".join(_SIGNATURES)), "RS256 or ES256") or _SIGNATURES
    pairs = [one.partition("=") for one in env.str("OIDC_ROLES", "").split(",") if one.strip()]
    if any(not (theirs.strip() and ours.strip()) for theirs, _, ours in pairs):
        raise SettingsError("PORTFOLIO_OIDC_ROLES is a list such as portfolio-editor=editor,portfolio-audit=auditor.")
    return Oidc(
        issuer=issuer,
        audience=audience,
        algorithms=algorithms,
        role_claim=env.str("OIDC_ROLE_CLAIM", Oidc.role_claim),
        roles={theirs.strip(): ours.strip() for theirs, _, ours in pairs},
        organisation_claim=env.str("OIDC_ORGANISATION_CLAIM", Oidc.organisation_claim),
        name_claim=env.str("OIDC_NAME_CLAIM", Oidc.name_claim),
    )
