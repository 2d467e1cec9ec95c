"""PostgreSQL crashes and comes back while comparisons run."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from tests.chaos.crew import Crew
from tests.chaos.far_end import FarEnd
from tests.chaos.verdict import judge
from tests.migrated import postgres_database
from tests.postgres import binary, restartable

SUITES_OWN = os.environ.get("BETACONSOLE_TEST_DATABASE_URL", "")
SHORT = {"lease_s": 2.0, "renew_s": 0.5, "sweep_s": 0.5}


@pytest.mark.both_databases
@pytest.mark.skipif(not SUITES_OWN, reason="about PostgreSQL")
def test_s12_a_database_server_that_crashes_costs_no_answer_and_doubles_no_request(tmp_path: Path) -> None:
    back = threading.Event()
    with (
        # A crash keeps what was committed only where the server waits for its log.
        restartable(synchronous_commit="on") as server,
        FarEnd(kinds=("steady",), events=(20, 30), hold=back) as far_end,
    ):
        copy_tables(server.address)
        hired = Crew(tmp_path, far_end.url, database=server.address)
        try:
            sender = hired.start("sender", launch=2, cancels=0, database_dies=True, **SHORT).wait_until_ready()
            hired.wait_until(lambda: len(far_end.seen) == 24)  # as many as its connection allows at once
            before = set(far_end.seen)
            server.restart()
            back.set()
            assert sender.wait() == 0
            left = hired.left()
        finally:
            hired.close()
    assert judge(left, far_end.seen, {}, allowance_s=0).wrong == []
    states = {row.marker: row.state for row in left.rows}
    assert {states[marker] for marker in before} == {"succeeded"}
    # A claim whose answer was lost in the crash is never sent, and ends as its lease does.
    assert set(states.values()) <= {"succeeded", "interrupted"}
    assert len(states) == 32


def copy_tables(address: str) -> None:
    """Tables as on the suite's own server; to make them by migrations takes many times as long."""
    with postgres_database(SUITES_OWN) as tables:
        dump = subprocess.run([str(binary("pg_dump")), tables], check=True, capture_output=True).stdout
    quiet = ["--quiet", "--set", "ON_ERROR_STOP=1", "--output", os.devnull]
    subprocess.run([str(binary("psql")), *quiet, address], input=dump, check=True, capture_output=True)
