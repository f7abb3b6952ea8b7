"""Merkle proofs (RFC 9162 section 2.1): that an entry is in a log, and that one log continues another."""

from __future__ import annotations

from collections.abc import Sequence

from portfolio.history.merkle import HASH_SIZE, extended, node_hash, root_of_frontier


def root_of_leaves(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        frontier = extended(frontier, size, leaf)
    return root_of_frontier(frontier)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf ``index`` to the root, lowest first: PATH(index, leaves).

    :raises IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    proof = []
    start, end = 0, len(leaves)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(root_of_leaves(leaves[middle:end]))
            end = middle
        else:
            proof.append(root_of_leaves(leaves[start:middle]))
            start = middle
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The hashes that show that the tree of ``leaves`` begins with its first ``first`` leaves: PROOF(first, leaves).

    Empty for ``first`` 0 and for the whole tree: there is nothing to show.

    :raises IndexError: the earlier tree would be the larger one.
    """
    if not 0 <= first <= len(leaves):
        raise IndexError(f"There is no tree of {first} leaves within {len(leaves)}.")
    if first in (0, len(leaves)):
        return []
    proof = []
    start, end, on_its_own = 0, len(leaves), True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(root_of_leaves(leaves[middle:end]))
            end = middle
        else:
            proof.append(root_of_leaves(leaves[start:middle]))
            start, on_its_own = middle, False
    if not on_its_own:
        proof.append(root_of_leaves(leaves[start:end]))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that ``leaf`` is number ``index`` (from 0) of the tree with ``size`` leaves."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False  # a surplus hash
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _above_left_siblings(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether ``proof`` shows that the tree of ``second`` leaves begins with the tree of ``first`` leaves.

    The empty tree begins every tree, so an earlier size of 0 proves nothing and is refused unless both are empty.
    """
    if not 0 <= first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0 or not proof:
        return False
    hashes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            place, last = _above_left_siblings(place, last)
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _above_left_siblings(place: int, last: int) -> tuple[int, int]:
    # Up to the level at which the node is a right child, or the root.
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _are_hashes(*values: bytes) -> bool:
    return all(isinstance(value, bytes) and len(value) == HASH_SIZE for value in values)
