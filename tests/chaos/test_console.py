"""Whole consoles, stopped, killed and doubled while they send and while people watch."""

import threading
import time
from pathlib import Path

from tests.chaos.client import Browser, Program, console_of
from tests.chaos.crew import crew
from tests.chaos.far_end import FarEnd
from tests.chaos.verdict import judge

ALLOWANCE_S = 2.0


def test_s6_a_stop_with_fifty_watchers_drains_what_is_in_flight_and_exits_in_order(tmp_path: Path) -> None:
    everybody_watches = threading.Event()
    with (
        FarEnd(kinds=("steady",), events=(100, 150), pace_s=(0.02, 0.02), hold=everybody_watches) as far_end,
        crew(tmp_path, far_end.url) as hired,
        console_of(hired) as console,
    ):
        program = Program(console, hired.token())
        comparisons = [program.compare(f"run{number}", cases=1) for number in range(2)]
        watchers = [Browser(console, comparisons[number % 2]).wait_until_open() for number in range(50)]
        hired.wait_until(lambda: len(far_end.seen) == 16)
        began = time.monotonic()
        threading.Timer(0.5, everybody_watches.set).start()
        assert console.stop() == 0
        took_s = time.monotonic() - began
        watched = [watcher for watcher in watchers if watcher.wait_until_ended().ended_at > began]
        left = hired.left()
    assert took_s < 45  # its own limit is 29 s; the rest is the machine's
    assert {row.state for row in left.rows} == {"succeeded"}
    assert judge(left, far_end.seen, {}, allowance_s=0).wrong == []
    # Cut without the closing event: their pages come back to the next console.
    assert watched
    assert not any("finished" in watcher.watcher.events for watcher in watched)


def test_a_console_that_is_killed_leaves_nothing_running_and_sends_nothing_twice(tmp_path: Path) -> None:
    with FarEnd(events=(20, 100)) as far_end, crew(tmp_path, far_end.url) as hired:
        token = hired.token()
        with console_of(hired) as console:
            program = Program(console, token)
            program.compare("one")
            program.compare("two")
            hired.wait_until(lambda: len(far_end.seen) >= 10)
            time.sleep(0.2)
            console.kill()
        with console_of(hired) as console:
            program = Program(console, token)
            assert program.call("GET", f"/comparisons/{program.compare('three')}?wait=30")[1]["state"] == "finished"
            hired.wait_until(lambda: not hired.left().unfinished_comparisons)
            assert console.stop() == 0
        left = hired.left()
        assert hired.is_intact()
    verdict = judge(left, far_end.seen, {}, allowance_s=ALLOWANCE_S)
    assert verdict.wrong == []
    assert verdict.states["interrupted"] > 0


def test_a_page_served_by_another_process_shows_the_same_text(tmp_path: Path) -> None:
    with (
        FarEnd(kinds=("steady",), events=(40, 60), pace_s=(0.04, 0.04)) as far_end,
        crew(tmp_path, far_end.url) as hired,
        console_of(hired) as sends,
        console_of(hired, BETACONSOLE_SENDING_ENABLED="0") as serves,
    ):
        program = Program(sends, hired.token())
        comparison = program.compare("far", columns=2, cases=1)
        hired.wait_until(lambda: len(far_end.seen) == 2)
        pages = [Browser(console, comparison).wait_until_open() for console in (sends, serves)]
        texts_while_open = []
        while pages[1].ended_at is None:
            texts_while_open.append("".join(pages[1].watcher.texts.values()))
            time.sleep(0.05)
        here, there = (page.wait_until_ended().shown() for page in pages)
        assert sends.stop() == serves.stop() == 0
    assert (
        here == there == {marker: answers[0].text_in(len(answers[0].body)) for marker, answers in far_end.seen.items()}
    )
    assert all("finished" in page.watcher.events for page in pages)
    # It grew while it was open, and did not come at the end only.
    assert len({*texts_while_open} - {""}) > 1
