"""`make test` says that all is well only where it is."""

import sys
from pathlib import Path

import pytest

from tools.check import Step, tried_alone

ALONE_IT_PASSES = "import sys; sys.exit(0 if '--last-failed' in sys.argv else {code})"


@pytest.mark.parametrize(("code", "made_good"), [(1, ["test_late"]), (3, [])], ids=["tests failed", "pytest broke off"])
def test_tests_that_pass_alone_make_good_a_run_that_came_to_its_end_and_no_other(
    tmp_path: Path, code: int, made_good: list[str]
):
    (tmp_path / "v/cache").mkdir(parents=True)
    (tmp_path / "v/cache/lastfailed").write_text('{"test_late": true}')
    step = Step([sys.executable, "-c", ALONE_IT_PASSES.format(code=code)], tmp_path).run()
    assert (tried_alone(step), step.has_failed) == (made_good, not made_good)
