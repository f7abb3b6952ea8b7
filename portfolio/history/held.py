"""What is kept outside the database: the signing key and the checkpoints as files."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from portfolio.core import sources
from portfolio.history.notes import MalformedKey, PrivateKey, PublicKey, parse_private_key

_NAME = re.compile(r"([1-9][0-9]{0,14})\.txt")
_SEED_SIZE = 32


class KeyRefused(Exception):
    """The signing key cannot be used or made; the message says why and what to do."""


def public_path(path: Path) -> Path:
    """Where the public key lies, beside the private one."""
    return path.with_suffix(".pub")


def create_key(path: Path, origin: str) -> PublicKey:
    """Make a key for the log ``origin``: the private file for its owner alone, the public one beside it.

    :raises KeyRefused: one of the two files is there already.
    """
    for found in (path, public_path(path)):
        if found.exists():
            raise KeyRefused(f"{found} is there already; a key is never overwritten. Move it away first.")
    key = PrivateKey(origin, sources.random_bytes(_SEED_SIZE))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_new(path, key.line, 0o600)
    _write_new(public_path(path), key.public.line, 0o644)
    sync_folder(path.parent)
    return key.public


def read_key(path: Path) -> PrivateKey | None:
    """The signing key; None where there is none.

    :raises KeyRefused: others may read the file, or it holds no key.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise KeyRefused(f"{path} can be read by others (mode {mode:o}); run `chmod 600` on it, or make a new key.")
        return parse_private_key(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (MalformedKey, UnicodeDecodeError) as error:
        raise KeyRefused(f"{path} holds no signing key: {error} Put the right file back.") from None
    except OSError as error:
        raise KeyRefused(f"{path} cannot be read: {error.strerror}.") from None


def held_sizes(folder: Path) -> list[int]:
    """The sizes that checkpoints are held for, smallest first; nothing where there is no folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))


def held_path(folder: Path, size: int) -> Path:
    return folder / f"{size}.txt"


def hold(folder: Path, size: int, note: str) -> None:
    """Put a checkpoint into the folder, whole or not at all, and safe from a power cut."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
    draft = folder / f".{size}.{os.getpid()}.{sources.new_id()}.tmp"
    try:
        _write_new(draft, note, 0o644)
        draft.replace(held_path(folder, size))
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` last through a power cut (Windows has nothing of the kind)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_new(path: Path, text: str, mode: int) -> None:
    # Newly made and never followed: a file that is there already is somebody's.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.chmod(path, mode)
        file.write(text.encode() if text.endswith("\n") else f"{text}\n".encode())
        file.flush()
        os.fsync(file.fileno())
