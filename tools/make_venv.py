"""Make the virtual environment, or say in one line why that is not possible. Runs on any Python 3, however old."""

import subprocess
import sys

NEEDED = (3, 11)


def main(folder):
    if sys.version_info < NEEDED:
        version = "{0}.{1}".format(*sys.version_info)  # noqa: UP030 - must run on the Python it refuses
        sys.exit(
            "betaconsole needs Python 3.11 or newer; " + sys.executable + " is " + version + ".\n"
            "Install a newer one, or name it: make run PYTHON=/path/to/python3.11"
        )
    if subprocess.call([sys.executable, "-m", "venv", "--clear", folder]) != 0:
        sys.exit(
            "Python could not make a virtual environment (its own words are above).\n"
            "On Debian and Ubuntu the missing part is a package: apt-get install python3-venv"
        )


main(sys.argv[1])
