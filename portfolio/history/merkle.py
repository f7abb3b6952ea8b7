"""The RFC 6962 Merkle tree over the revisions, and over the changes inside one revision."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
NO_LEAF = b"\0" * HASH_SIZE


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def extended(frontier: Sequence[bytes], size: int, leaf: bytes) -> list[bytes]:
    """The frontier of the tree of ``size`` leaves with one more leaf.

    The frontier holds the roots of the perfect subtrees, largest first; it is all that appending needs.
    """
    roots = list(frontier)
    while size & 1:
        leaf = node_hash(roots.pop(), leaf)
        size >>= 1
    return [*roots, leaf]


def root_of_frontier(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree that ``frontier`` belongs to."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node_hash(left, root)
    return root


def root_of(entries: Sequence[bytes]) -> bytes:
    """MTH(entries) of RFC 6962 section 2.1."""
    frontier: list[bytes] = []
    for size, entry in enumerate(entries):
        frontier = extended(frontier, size, leaf_hash(entry))
    return root_of_frontier(frontier)


def split_frontier(packed: bytes) -> list[bytes]:
    """The hashes of a stored frontier."""
    return [packed[start : start + HASH_SIZE] for start in range(0, len(packed), HASH_SIZE)]
