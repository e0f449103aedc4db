"""Notice when the clock was set back while a run is at work: by it, old readings would look young."""

from __future__ import annotations

from tertib.ports import Clock

TOLERANCE = 1.0
"""How many seconds the clock may fall behind: it is slewed all the time, and that is not setting it back."""


class Watch:
    """Holds the clock against one that never goes back, from the moment the run began.

    A clock that runs ahead of it (the machine slept, or the clock was set forward) makes readings look older than
    they are, which does no harm.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lead = self._ahead()

    def set_back(self) -> bool:
        """Tell whether the clock was set back since the last time that this was asked."""
        ahead = self._ahead()
        back = ahead < self._lead - TOLERANCE
        self._lead = ahead if back else max(self._lead, ahead)
        return back

    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()
