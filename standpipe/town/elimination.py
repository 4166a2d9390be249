"""Solves sparse symmetric positive definite systems of one shape, without numpy. Knows nothing of water."""

from collections.abc import Iterable
from typing import TypeAlias

Ring: TypeAlias = list[tuple[int, int, list[tuple[int, int]]]]
"""For each neighbour of a node: its number, the place of their coefficient, and what eliminating changes where."""


class Elimination:
    """LDLᵀ of a sparse symmetric positive definite system, the order chosen once by least degree."""

    def __init__(self, size: int, pairs: Iterable[tuple[int, int]]) -> None:
        """Take the number of unknowns and the pairs that have a coefficient off the diagonal."""
        near: list[set[int]] = [set() for _ in range(size)]
        for one, other in pairs:
            near[one].add(other)
            near[other].add(one)
        places: dict[frozenset[int], int] = {}

        def place(one: int, other: int) -> int:
            return places.setdefault(frozenset((one, other)), len(places))

        self._rings: list[tuple[int, Ring]] = []
        left = set(range(size))
        while left:
            node = min(left, key=lambda number: (len(near[number]), number))
            left.remove(node)
            ring = sorted(near[node])
            for number in ring:
                near[number] = (near[number] | set(ring)) - {number, node}
            changes = [[(place(a, b), place(node, b)) for b in ring[i + 1 :]] for i, a in enumerate(ring)]
            self._rings.append((node, [(a, place(node, a), changes[i]) for i, a in enumerate(ring)]))
        self.places = {(a, b): number for pair, number in places.items() for a in pair for b in pair if a != b}
        self.size = len(places)
        """Coefficients off the diagonal, fill-in counted."""

    def solve(self, diagonal: list[float], off: list[float], right: list[float], answer: list[float]) -> None:
        """Write the answer's first entries; uses up the three lists before it."""
        for node, ring in self._rings:
            pivot, known = diagonal[node], right[node]
            for other, where, changes in ring:
                factor = off[where] / pivot
                diagonal[other] -= factor * off[where]
                right[other] -= factor * known
                for target, source in changes:
                    off[target] -= factor * off[source]
        for node, ring in reversed(self._rings):
            answer[node] = (right[node] - sum(off[where] * answer[other] for other, where, _ in ring)) / diagonal[node]
