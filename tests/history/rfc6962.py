"""MTH, PATH and PROOF word for word from RFC 6962 section 2.1, and the vectors made with them.

``python -m tests.history.rfc6962`` writes ``proof_vectors.json`` anew.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).with_name("proof_vectors.json")
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17)
# The first eight are the entries of certificate-transparency's own tests.
ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
] + [bytes([number]) * number for number in range(8, 17)]


def k_of(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return sha256().digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = k_of(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = k_of(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: list[bytes]) -> list[bytes]:
    return subproof(m, d, True)


def subproof(m: int, d: list[bytes], b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = k_of(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def vectors() -> dict[str, Any]:
    return {
        "entries": [entry.hex() for entry in ENTRIES],
        "roots": {str(size): mth(ENTRIES[:size]).hex() for size in (0, *SIZES)},
        "inclusion": [
            {"index": m, "size": size, "proof": [item.hex() for item in path(m, ENTRIES[:size])]}
            for size in SIZES
            for m in range(size)
        ],
        "consistency": [
            {"first": m, "second": size, "proof": [item.hex() for item in proof(m, ENTRIES[:size])]}
            for size in SIZES
            for m in SIZES
            if m <= size
        ],
    }


def main() -> None:
    VECTORS.write_text(json.dumps(vectors(), indent=0) + "\n")


if __name__ == "__main__":
    main()
