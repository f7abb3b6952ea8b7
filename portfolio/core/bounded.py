"""What is kept to save work and may be let go of at any time."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Bounded(dict[Key, Value]):
    """A dict that begins anew where it would hold more than ``most``: whatever is in use comes back at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: Key, value: Value) -> None:
        if len(self) >= self._most:
            self.clear()
        super().__setitem__(key, value)


def fitted(data: bytes) -> bytes:
    """``data`` in no more memory than it needs, for keeping: orjson leaves its buffer of some kilobytes as it is."""
    return memoryview(data).tobytes()
