"""Signed notes (C2SP): the end of the log as four lines of text that anybody can keep and check."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from portfolio.core.dates import format_instant, parse_instant
from portfolio.history.merkle import HASH_SIZE

_ALGORITHM = b"\x01"  # Ed25519 in the list of C2SP
_ID_SIZE, _KEY_SIZE, _SIGNATURE_SIZE = 4, 32, 64
_PRIVATE = "PRIVATE+KEY+"
_ORIGIN = r"[A-Za-z0-9][A-Za-z0-9./-]{0,199}"
_BODY = re.compile(rf"({_ORIGIN})\n([1-9][0-9]{{0,14}})\n([A-Za-z0-9+/=]{{44}})\nat ([0-9TZ:.-]{{27}})\n")
_SIGNATURE = re.compile(rf"— ({_ORIGIN}) ([A-Za-z0-9+/=]{{92}})")
_KEY = re.compile(rf"({_ORIGIN})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/=]{{44}})")


class MalformedNote(ValueError):
    """The text is no signed note of this form; the message says where."""


class MalformedKey(ValueError):
    """The text is no key of this form; the message says what is wrong, never the key."""


@dataclass(frozen=True)
class Head:
    """What a note says: so many revisions, with this root, at this instant."""

    origin: str
    size: int
    root: bytes
    at: str

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{self.written_root}\nat {self.at}\n"

    @property
    def written_root(self) -> str:
        """The root as notes and verifier write it, so that people can compare the two."""
        return _base64(self.root)


@dataclass(frozen=True)
class PublicKey:
    """What an auditor keeps to check the notes of one log."""

    origin: str
    raw: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(f"{self.origin}\n".encode() + _ALGORITHM + self.raw).digest()[:_ID_SIZE]

    @property
    def line(self) -> str:
        return f"{self.origin}+{self.id.hex()}+{_base64(_ALGORITHM + self.raw)}"


@dataclass(frozen=True, repr=False)
class PrivateKey:
    """What signs the notes of one log; shown nowhere, not even in a traceback."""

    origin: str
    seed: bytes

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.origin, self._signer.public_key().public_bytes_raw())

    @property
    def line(self) -> str:
        return f"{_PRIVATE}{self.origin}+{self.public.id.hex()}+{_base64(_ALGORITHM + self.seed)}"

    @property
    def _signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, head: Head) -> str:
        """The finished note of ``head``."""
        signature = self._signer.sign(head.text.encode())
        return f"{head.text}\n— {self.origin} {_base64(self.public.id + signature)}\n"


def read_note(note: str) -> Head:
    """What a note says, whoever signed it.

    :raises MalformedNote: another form: no empty line, a size or a root that is none, no line of signature.
    """
    text, empty, signatures = note.partition("\n\n")
    match = _BODY.fullmatch(text + "\n")
    if not empty or match is None:
        raise MalformedNote("The text is no checkpoint: name, size, root and instant, each on a line of its own.")
    if not signatures.endswith("\n") or not all(line.startswith("— ") for line in signatures.splitlines()):
        raise MalformedNote("The lines after the empty one are no signatures.")
    origin, size, root, at = match.groups()
    try:
        canonical_at = format_instant(parse_instant(at))
    except ValueError as error:
        raise MalformedNote(str(error)) from None
    found = _unbase64(root, HASH_SIZE)
    if found is None or canonical_at != at:
        raise MalformedNote("The root is no SHA-256 in base64, or the instant is not written as UTC.")
    return Head(origin, int(size), found, at)


def verify_note(note: str, key: PublicKey) -> Head:
    """What a note says, if ``key`` signed it.

    A line of another name or key is passed over, as C2SP says; one of ours that does not hold refuses the note.

    :raises MalformedNote: another form, another log, or no good signature of this key.
    """
    head = read_note(note)
    if head.origin != key.origin:
        raise MalformedNote(f"The note is of the log {head.origin}, the key of {key.origin}.")
    ours = [found for line in note.partition("\n\n")[2].splitlines() if (found := _signature_by(line, key)) is not None]
    if not ours:
        raise MalformedNote(f"No signature is by the key {key.id.hex()}.")
    for signature in ours:
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, head.text.encode())
        except InvalidSignature:
            raise MalformedNote("The signature does not fit the text.") from None
    return head


def _signature_by(line: str, key: PublicKey) -> bytes | None:
    match = _SIGNATURE.fullmatch(line)
    if match is None or match[1] != key.origin:
        return None
    found = _unbase64(match[2], _ID_SIZE + _SIGNATURE_SIZE)
    return found[_ID_SIZE:] if found is not None and found[:_ID_SIZE] == key.id else None


def parse_public_key(line: str) -> PublicKey:
    """:raises MalformedKey: not ``<origin>+<8 hex digits>+<base64>``, or the digits are not those of the key."""
    origin, digits, raw = _key_parts(line.strip())
    key = PublicKey(origin, raw)
    if key.id.hex() != digits:
        raise MalformedKey("The eight digits do not belong to this key.")
    return key


def parse_private_key(line: str) -> PrivateKey:
    """:raises MalformedKey: not ``PRIVATE+KEY+<origin>+<8 hex digits>+<base64>``, or the digits do not fit."""
    if not line.startswith(_PRIVATE):
        raise MalformedKey("The line does not begin with PRIVATE+KEY+.")
    origin, digits, seed = _key_parts(line.strip().removeprefix(_PRIVATE))
    key = PrivateKey(origin, seed)
    if key.public.id.hex() != digits:
        raise MalformedKey("The eight digits do not belong to this key.")
    return key


def _key_parts(line: str) -> tuple[str, str, bytes]:
    match = _KEY.fullmatch(line)
    found = _unbase64(match[3], 1 + _KEY_SIZE) if match else None
    if match is None or found is None or found[:1] != _ALGORITHM:
        raise MalformedKey("The line is no Ed25519 key of a log.")
    return match[1], match[2], found[1:]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str, size: int) -> bytes | None:
    """The bytes behind canonical base64 of ``size`` bytes; None for any other text."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return found if len(found) == size and _base64(found) == text else None
