"""Print the packages that pyproject.toml names, for pip: those the console runs on, and those of the extras given.

pip could read them itself only by building betaconsole as a package, which nobody installs.
"""

import sys
import tomllib
from pathlib import Path


def needs(project: dict, extras: list[str]) -> list[str]:
    """The requirements of the project and of these extras; `betaconsole[other]` in an extra stands for that extra's."""
    found = list(project["dependencies"])
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            if requirement.startswith("betaconsole["):
                found += project["optional-dependencies"][requirement.split("[")[1].rstrip("]")]
            else:
                found.append(requirement)
    return found


if __name__ == "__main__":
    pyproject = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    print("\n".join(needs(pyproject["project"], sys.argv[1:])))
