"""Whether a known weakness is in what constraints.txt pins: `make audit`. Asks an advisory service, by pip-audit.

Ends with 0 where every pin was looked up and none is known as weak, 1 where one is, 2 where the service could not be asked
about all of them: that is no good news, and is never told as such.
"""

import json
import subprocess
import sys
from typing import Any

COMMAND = [sys.executable, "-m", "pip_audit", "--requirement", "constraints.txt", "--no-deps", "--disable-pip"]
OPTIONS = ["--progress-spinner", "off", "--format", "json"]
FINE, WEAK, UNKNOWN = 0, 1, 2


def told(answer: str) -> tuple[int, list[str]]:
    """The exit code and the lines for people, from what pip-audit printed."""
    try:
        found: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        return UNKNOWN, ["Nothing was audited: the advisory service cannot be reached from here."]
    weak = [(one, flaw) for one in found for flaw in one.get("vulns", [])]
    lines = [f"{one['name']} {one['version']}: {flaw['id']}, {_way_out(flaw)}" for one, flaw in weak]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    if skipped:
        lines.append(
            f"{len(skipped)} of {len(found)} pins are not known to the advisory service that is reached from here:"
        )
        lines.append(f"  {', '.join(skipped)}")
    lines.append(f"{len(found) - len(skipped)} pins were looked up, {len(weak)} known weaknesses.")
    return (WEAK if weak else UNKNOWN if skipped else FINE), lines


def _way_out(flaw: dict[str, Any]) -> str:
    return f"mended in {', '.join(flaw['fix_versions'])}" if flaw.get("fix_versions") else "not mended yet"


def main() -> int:
    done = subprocess.run([*COMMAND, *OPTIONS], capture_output=True, text=True)
    code, lines = told(done.stdout)
    if not done.stdout:
        lines += done.stderr.strip().splitlines()[-1:]
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
