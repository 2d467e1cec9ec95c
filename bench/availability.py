"""How long a check of the whole catalogue takes on the simulator at its usual pace, with one model and with three."""

import time
from typing import Any

from bench.console import Console
from bench.figures import Figure
from betaconsole.catalogue.betas import all_betas

PATIENCE_S = 120
BAR_S = 10


def measure(console: Console) -> list[Figure]:
    betas = list(all_betas())
    took_s, check = _checked(console, betas, ["claude-sonnet-5-5"])
    models = ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"]
    more_s, more = _checked(console, betas, models)
    return [
        Figure(
            f"{len(betas)} betas probed on the simulator, 1 model",
            f"<= {BAR_S} s",
            f"{took_s:.1f} s ({check['requests']} requests, {len(check['results'])} answers)",
            f"{len(models)} models: {more_s:.1f} s, {more['requests']} requests",
            took_s <= BAR_S and check["status"] == "done",
        )
    ]


def _checked(console: Console, betas: list[str], models: list[str]) -> tuple[float, Any]:
    began = time.monotonic()
    asked = {"connection": "simulator", "betas": betas, "models": models}
    check_id = console.api("POST", "/availability", asked)["id"]
    while (check := console.api("GET", f"/availability/{check_id}"))["status"] == "running":
        if time.monotonic() - began > PATIENCE_S:
            break
        time.sleep(0.05)
    return time.monotonic() - began, check
