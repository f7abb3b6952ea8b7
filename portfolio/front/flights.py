"""One computation for all who ask for the same at once: the first works, the others wait for what it finds."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from portfolio.front.store import Kept


class Flight:
    """One computation under way."""

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.kept: Kept | None = None
        """What it found, if that is kept."""
        self._over = threading.Event()

    def wait(self, seconds: float) -> Kept | None:
        """What it finds; None where nothing is kept of it, or it takes longer."""
        self._over.wait(seconds)
        return self.kept


class Flights:
    """The computations of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Flight] = {}

    def join(self, name: Hashable) -> tuple[Flight, bool]:
        """The computation of ``name``, and whether the caller is the one who has to do it, and to :meth:`land` it."""
        with self._lock:
            found = self._under_way.get(name)
            if found is not None:
                return found, False
            made = self._under_way[name] = Flight(name)
            return made, True

    def land(self, flight: Flight, kept: Kept | None) -> None:
        """It is over; whoever waits is told. Telling it twice is no harm."""
        with self._lock:
            if self._under_way.get(flight.name) is flight:
                del self._under_way[flight.name]
                flight.kept = kept
                flight._over.set()
