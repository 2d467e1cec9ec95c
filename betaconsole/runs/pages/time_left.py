"""How long a comparison will take yet, from how long its cells took so far. Pure."""

import math

MOMENT_S = 10


def time_left_s(
    *, ended: int, busy_ms: float, in_flight: int, queued: int, together: int, free: int, one_by_one: bool = False
) -> float | None:
    """Seconds until the last cell has ended; None until as many cells have ended as start together.

    `busy_ms`: what those that ended took, added up. `together`: the cells of a round, which start at the same moment;
    `free`: how many requests its connection has for it, those in flight among them. `one_by_one`: only one round at a time.
    """
    if ended < together or busy_ms <= 0:
        return None
    side_by_side = together if one_by_one else free // together * together
    waves = math.ceil(queued / max(1, min(side_by_side or free, free)))
    # What is in flight is half done on average.
    return busy_ms / ended / 1000 * (waves + (0.5 if in_flight else 0))


def said(seconds: float | None) -> str:
    """`about 40 s left`, `about 3 min left`, `time left: —`."""
    if seconds is None:
        return "time left: —"
    if seconds < MOMENT_S:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
