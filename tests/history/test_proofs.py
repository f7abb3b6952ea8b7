"""RFC 9162 proofs against vectors that a second implementation wrote, and against everything that is no proof."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest

from portfolio.history.merkle import EMPTY_ROOT, leaf_hash, root_of
from portfolio.history.proofs import (
    consistency_proof,
    inclusion_proof,
    root_of_leaves,
    verify_consistency,
    verify_inclusion,
)
from portfolio.verify import Tree
from tests.history import rfc6962

VECTORS: dict[str, Any] = json.loads(rfc6962.VECTORS.read_text())
ENTRIES = [bytes.fromhex(entry) for entry in VECTORS["entries"]]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
ROOTS = {int(size): bytes.fromhex(root) for size, root in VECTORS["roots"].items()}
# The roots that certificate-transparency publishes for its eight test entries.
PUBLISHED = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def _hashes(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(item) for item in vector["proof"]]


def _not_proofs(proof: list[bytes]) -> list[list[bytes]]:
    """``proof`` with a hash too many, too few, wrong, cut, lengthened or out of place."""
    other = hashlib.sha256(b"other").digest()
    broken = [[*proof, other], [other, *proof], [*proof, b""]]
    for place in range(len(proof)):
        before, hash_, after = proof[:place], proof[place], proof[place + 1 :]
        flipped = bytes([hash_[0] ^ 1]) + hash_[1:]
        broken += [
            [*before, *after],
            [*before, flipped, *after],
            [*before, hash_[:31], *after],
            [*before, hash_ + b"\0", *after],
        ]
    if len(proof) > 1:
        broken += [[], proof[::-1], [*proof, proof[-1]]]
    return broken


def test_vectors_are_what_the_reference_says() -> None:
    assert rfc6962.vectors() == VECTORS


@pytest.mark.parametrize(("size", "root"), list(enumerate(PUBLISHED, 1)))
def test_roots_are_the_published_ones(size: int, root: str) -> None:
    assert root_of(ENTRIES[:size]).hex() == root_of_leaves(LEAVES[:size]).hex() == root


def test_roots_are_those_of_the_vectors_in_both_trees() -> None:
    tree = Tree()
    assert tree.root() == EMPTY_ROOT == ROOTS[0]
    for size, leaf in enumerate(LEAVES, 1):
        tree.append(leaf)
        if size in ROOTS:
            assert tree.root() == root_of(ENTRIES[:size]) == ROOTS[size]


class TestInclusion:
    @pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']}-of-{v['size']}")
    def test_is_proven_by_this_proof_alone(self, vector: dict[str, Any]) -> None:
        index, size, proof = vector["index"], vector["size"], _hashes(vector)
        root = ROOTS[size]
        assert inclusion_proof(LEAVES[:size], index) == proof
        assert verify_inclusion(LEAVES[index], index, size, proof, root)
        for wrong in _not_proofs(proof):
            assert not verify_inclusion(LEAVES[index], index, size, wrong, root), wrong
        for other in (-1, *range(size + 3)):
            assert verify_inclusion(LEAVES[index], other, size, proof, root) == (other == index)
        assert not verify_inclusion(LEAVES[index], index, 0, proof, root)
        assert not verify_inclusion(root_of([b"x"]), index, size, proof, root)
        assert not verify_inclusion(LEAVES[index], index, size, proof, EMPTY_ROOT)

    def test_of_nothing_is_never_proven(self) -> None:
        assert not verify_inclusion(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
        assert not verify_inclusion(b"", 0, 1, [], b"")

    @pytest.mark.parametrize(("size", "index"), [(0, 0), (1, 1), (3, -1), (3, 3)])
    def test_has_no_proof_beside_the_tree(self, size: int, index: int) -> None:
        with pytest.raises(IndexError):
            inclusion_proof(LEAVES[:size], index)


class TestConsistency:
    @pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['first']}-{v['second']}")
    def test_is_proven_by_this_proof_alone(self, vector: dict[str, Any]) -> None:
        first, second, proof = vector["first"], vector["second"], _hashes(vector)
        old, new = ROOTS[first], ROOTS[second]
        assert consistency_proof(LEAVES[:second], first) == proof
        assert verify_consistency(first, second, proof, old, new)
        for wrong in _not_proofs(proof):
            assert not verify_consistency(first, second, wrong, old, new), wrong
        assert not verify_consistency(0, second, proof, EMPTY_ROOT, new)
        assert not verify_consistency(second + 1, second, proof, old, new)
        assert not verify_consistency(-1, second, proof, old, new)
        assert not verify_consistency(first, second, proof, EMPTY_ROOT, new)
        assert not verify_consistency(first, second, proof, old, EMPTY_ROOT)
        if first != second:
            assert not verify_consistency(first, second, [], old, new)
            assert not verify_consistency(second, first, proof, new, old)

    def test_of_equal_sizes_is_equality(self) -> None:
        assert verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
        assert not verify_consistency(0, 0, [EMPTY_ROOT], EMPTY_ROOT, EMPTY_ROOT)
        assert not verify_consistency(3, 3, [ROOTS[3]], ROOTS[3], ROOTS[3])
        assert not verify_consistency(3, 3, [], ROOTS[3], ROOTS[4])

    def test_with_the_empty_tree_proves_nothing(self) -> None:
        assert consistency_proof(LEAVES[:5], 0) == []
        assert not verify_consistency(0, 5, [], EMPTY_ROOT, ROOTS[5])

    @pytest.mark.parametrize(("first", "second"), [(1, 0), (4, 3), (-1, 3)])
    def test_has_no_proof_backwards(self, first: int, second: int) -> None:
        with pytest.raises(IndexError):
            consistency_proof(LEAVES[:second], first)


def test_larger_trees_agree_with_the_reference() -> None:
    dice = random.Random(6962)
    entries = [dice.randbytes(8) for _ in range(300)]
    leaves = [leaf_hash(entry) for entry in entries]
    for _ in range(60):
        size = dice.randint(1, 300)
        index, first = dice.randrange(size), dice.randint(1, size)
        root = rfc6962.mth(entries[:size])
        found = inclusion_proof(leaves[:size], index)
        assert found == rfc6962.path(index, entries[:size])
        assert verify_inclusion(leaves[index], index, size, found, root)
        steps = consistency_proof(leaves[:size], first)
        assert steps == rfc6962.proof(first, entries[:size])
        assert verify_consistency(first, size, steps, rfc6962.mth(entries[:first]), root)
