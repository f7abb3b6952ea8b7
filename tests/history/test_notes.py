"""Signed notes: the exact text, checked with another library's hands, and everything that is none."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from portfolio.history.notes import (
    Head,
    MalformedKey,
    MalformedNote,
    PrivateKey,
    parse_private_key,
    parse_public_key,
    read_note,
    verify_note,
)

ORIGIN = "portfolio.test/log"
KEY = PrivateKey(ORIGIN, bytes(range(32)))
OTHER = PrivateKey(ORIGIN, bytes(32))
HEAD = Head(ORIGIN, 7, hashlib.sha256(b"root").digest(), "2026-06-01T08:00:00.001000Z")
NOTE = KEY.sign(HEAD)


class TestNote:
    def test_is_four_lines_an_empty_one_and_the_signature(self) -> None:
        lines = NOTE.split("\n")
        assert lines[:5] == [ORIGIN, "7", base64.b64encode(HEAD.root).decode(), f"at {HEAD.at}", ""]
        assert lines[5].startswith(f"— {ORIGIN} ")
        assert lines[6:] == [""]

    def test_is_signed_up_to_the_line_break_before_the_empty_line(self) -> None:
        signed, signature = NOTE.split("\n\n")
        raw = base64.b64decode(signature.split(" ")[2])
        public = base64.b64decode(KEY.public.line.split("+", 2)[2])[1:]
        assert raw[:4] == hashlib.sha256(f"{ORIGIN}\n".encode() + b"\x01" + public).digest()[:4]
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(raw[4:], f"{signed}\n".encode())
        with pytest.raises(InvalidSignature):
            key.verify(raw[4:], signed.encode())

    def test_is_read_back(self) -> None:
        assert read_note(NOTE) == HEAD
        assert verify_note(NOTE, KEY.public) == HEAD

    def test_may_bear_signatures_of_others(self) -> None:
        other = OTHER.sign(HEAD).partition("\n\n")[2]
        assert verify_note(NOTE + other + "— witness.example AAAA\n", KEY.public) == HEAD

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("\n7\n", "\n07\n"),
            ("\n7\n", "\n0\n"),
            ("\n7\n", "\n-7\n"),
            ("\n7\n", "\n8\n"),
            (ORIGIN, "other.test/log"),
            ("001000Z", "001001Z"),
            ("T08:", "T25:"),
            ("at ", "At "),
            ("\n\n", "\n"),
            ("\n\n", "\n\n\n"),
            ("\n\n", "\nmore\n\n"),
            ("— ", "- "),
            ("=\nat", "\nat"),
            (base64.b64encode(HEAD.root).decode()[:4], "AAAA"),
            ("=\n", "!\n"),
        ],
    )
    def test_that_was_changed_is_refused(self, old: str, new: str) -> None:
        assert old in NOTE
        with pytest.raises(MalformedNote):
            verify_note(NOTE.replace(old, new), KEY.public)

    def test_with_spare_bits_set_in_its_root_is_refused(self) -> None:
        root = base64.b64encode(HEAD.root).decode()
        spare = root[:-2] + chr(ord(root[-2]) + 1) + "="
        assert base64.b64decode(spare) == HEAD.root
        with pytest.raises(MalformedNote):
            read_note(NOTE.replace(root, spare))

    def test_every_changed_byte_is_found(self) -> None:
        for place in range(len(NOTE)):
            changed = NOTE[:place] + ("A" if NOTE[place] != "A" else "B") + NOTE[place + 1 :]
            with pytest.raises(MalformedNote):
                verify_note(changed, KEY.public)
        for end in range(len(NOTE)):
            with pytest.raises(MalformedNote):
                verify_note(NOTE[:end], KEY.public)

    def test_by_another_key_is_refused(self) -> None:
        with pytest.raises(MalformedNote, match="No signature is by the key"):
            verify_note(OTHER.sign(HEAD), KEY.public)


class TestKeys:
    def test_are_read_back(self) -> None:
        assert parse_private_key(KEY.line) == KEY
        assert parse_public_key(KEY.public.line) == KEY.public
        assert KEY.line.startswith(f"PRIVATE+KEY+{ORIGIN}+{KEY.public.id.hex()}+")

    @pytest.mark.parametrize("line", ["", "x", KEY.public.line, KEY.line[:-1], KEY.line.replace("+A", "+B", 1)])
    def test_that_are_none_are_refused_without_being_shown(self, line: str) -> None:
        with pytest.raises(MalformedKey) as error:
            parse_private_key(line)
        assert KEY.line[-40:] not in str(error.value)

    def test_with_the_digits_of_another_are_refused(self) -> None:
        wrong = KEY.public.line.replace(KEY.public.id.hex(), OTHER.public.id.hex())
        with pytest.raises(MalformedKey, match="digits"):
            parse_public_key(wrong)

    def test_are_not_shown_by_accident(self) -> None:
        assert KEY.line[-40:] not in repr(KEY)
        assert str(KEY.seed) not in repr(KEY)
