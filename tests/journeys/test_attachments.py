"""Files in the composer, in a real browser: picked, dropped, pasted; a trace; an upload; the API's files."""

import base64
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import accessibility_problems, watched_page
from tests.console import Console
from tests.drafts.files import pdf, png
from tests.drafts.test_importing import body, log

pytestmark = pytest.mark.browser
USER = "Message 1, user"
LOOKS = [(1440, "light"), (390, "dark")]
# Gives an element of the page files, as a drop or a paste does.
HAND_OVER = """(element, [kind, files]) => {
  const held = new DataTransfer();
  for (const [name, type, data] of files)
    held.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name, {type}));
  const init = {bubbles: true, cancelable: true};
  const event = kind === "paste" ? new ClipboardEvent("paste", {...init, clipboardData: held})
                                 : new DragEvent(kind, {...init, dataTransfer: held});
  element.dispatchEvent(event);
}"""


def fresh_draft(page: Page) -> None:
    page.goto("/")
    page.locator("#prompt summary").click()
    page.get_by_role("button", name="Begin with an empty one").click()
    page.wait_for_url(re.compile(r"draft="))


def cards(page: Page) -> Locator:
    return page.locator(".attachment")


def pick(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("#attach-files").set_input_files(
        [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    )


def hand_over(where: Locator, kind: str, *files: tuple[str, str, bytes]) -> None:
    where.page.keyboard.press("Shift")  # a person's hand is at the keyboard or the mouse: what takes files is loaded
    where.page.wait_for_timeout(200)
    where.evaluate(
        HAND_OVER, [kind, [[name, kind_of, base64.b64encode(data).decode()] for name, kind_of, data in files]]
    )


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def shown_pictures(page: Page) -> list[int]:
    """The widths of the previews, as the browser decoded them."""
    images = page.locator(".attachment img")
    widths: list[int] = images.evaluate_all(
        "images => Promise.all(images.map(async (image) => { await image.decode(); return image.naturalWidth; }))"
    )
    return widths


def test_files_are_picked_shown_sent_and_found_in_the_exchange(page: Page) -> None:
    fresh_draft(page)
    page.get_by_label(USER).fill("What is in these?")
    pick(page, ("photo.png", png(64, 48)), ("report.pdf", pdf(2)), ("notes.txt", b"Buy milk."))
    expect(cards(page)).to_have_count(3)
    expect(page.get_by_label(USER)).to_have_value("What is in these?")
    saved(page)
    assert shown_pictures(page) == [64]
    page.get_by_role("button", name=re.compile("^Run")).click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(cards(page)).to_have_count(3)
    page.get_by_role("link", name="Request and response").first.click()
    expect(page.get_by_label("Body, laid out")).to_contain_text("What is in these?")


def test_a_picture_is_pasted_while_typing_and_no_letter_is_lost(page: Page) -> None:
    fresh_draft(page)
    field = page.get_by_label(USER)
    field.fill("Saved already. ")
    saved(page)
    field.press("End")
    page.keyboard.type("Not saved")
    hand_over(field, "paste", ("image.png", "image/png", png(30, 20)))
    page.keyboard.type(" yet")
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_label(USER)).to_be_focused()
    page.keyboard.type(", and more")
    expect(page.get_by_label(USER)).to_have_value("Saved already. Not saved yet, and more")
    saved(page)
    page.reload()
    expect(page.get_by_label(USER)).to_have_value("Saved already. Not saved yet, and more")
    expect(cards(page)).to_have_count(1)


def test_files_are_dropped_onto_the_prompt_and_removed_and_undone(page: Page) -> None:
    fresh_draft(page)
    hand_over(page.locator("#body"), "dragover", ("a.png", "image/png", png()))
    expect(page.locator(".desk-prompt")).to_have_attribute("data-drop", "")
    hand_over(
        page.locator("#body"),
        "drop",
        ("a.png", "image/png", png()),
        ("b.gif", "image/gif", b"GIF89a" + bytes(9) + b";"),
    )
    expect(cards(page)).to_have_count(2)
    expect(page.locator(".desk-prompt")).not_to_have_attribute("data-drop", "")
    cards(page).nth(0).get_by_role("button", name="Remove a.png").click()
    expect(cards(page)).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Undo")).click()
    expect(cards(page)).to_have_count(2)


def test_what_cannot_be_attached_is_said_beside_it(browser: Browser, live_console: Console) -> None:
    with watched_page(browser, live_console.url, allow="422") as page:
        fresh_draft(page)
        page.get_by_label(USER).fill("Kept")
        pick(page, ("setup.exe", b"MZ\x90\x00" + bytes(50)))
        expect(page.locator("#problem-attach")).to_contain_text("setup.exe is a Windows program")
        pick(page, ("setup.exe", b"MZ\x90\x00" + bytes(50)), ("a.png", png()))
        expect(page.locator("#body .sentences")).to_contain_text("setup.exe is a Windows program")
        expect(cards(page)).to_have_count(1)
        expect(page.get_by_label(USER)).to_have_value("Kept")


def test_too_much_is_said_before_it_is_sent(page: Page, tmp_path: Path) -> None:
    fresh_draft(page)
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 34_000_000)
    page.locator("#attach-files").set_input_files(big)
    expect(page.locator("#problem-attach")).to_contain_text("34.0 MB is more than the 33.6 MB that fit")


def test_a_big_file_shows_how_far_it_is_and_can_be_cancelled(page: Page, tmp_path: Path) -> None:
    fresh_draft(page)
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 3_000_000},
    )
    big = tmp_path / "big.png"
    big.write_bytes(png(filler=20_000_000))
    page.locator("#attach-files").set_input_files(big)
    expect(page.locator("#attaching progress")).to_be_visible()
    page.get_by_label(USER).fill("Typed meanwhile")
    page.locator("#attaching").get_by_role("button", name="Cancel").click()
    expect(page.locator("#attaching")).to_be_hidden()
    saved(page)
    page.reload()
    expect(page.get_by_label(USER)).to_have_value("Typed meanwhile")
    expect(cards(page)).to_have_count(0)


def test_a_trace_is_dropped_run_in_two_columns_and_let_go(page: Page) -> None:
    fresh_draft(page)
    turns = log(body("One?"), body("One?", "a", "Two?"), body("One?", "a", "Two?", "b", "Three?"))
    hand_over(page.locator("#body"), "drop", ("session.jsonl", "", turns))
    expect(page.locator("#cases-title")).to_have_text("Trace: 3 recorded turns from session.jsonl")
    expect(page.locator("#import")).to_be_hidden()
    expect(page.get_by_label("Model", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Treat as independent cases").click()
    expect(page.locator("#cases-title")).to_have_text("3 independent cases from session.jsonl")
    page.get_by_role("button", name="Treat as a trace, in order").click()
    page.get_by_role("button", name=re.compile("^Run 6 requests")).click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.locator("#cases-title")).to_have_text("Trace: 3 recorded turns from session.jsonl")
    page.get_by_role("button", name="Remove, back to the prompt").click()
    expect(page.get_by_label(USER)).to_be_visible()


def test_a_file_that_is_no_log_is_said_where_it_was_chosen(browser: Browser, live_console: Console) -> None:
    with watched_page(browser, live_console.url, allow="422") as page:
        fresh_draft(page)
        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_label("File, up to 200 MB").set_input_files(
            [{"name": "a.har", "mimeType": "", "buffer": b"<html>" + bytes(40)}]
        )
        page.locator("#import").get_by_role("button", name="Import", exact=True).click()
        expect(page.locator("#problem-import")).to_contain_text("a.har is a web page or XML, not a log")
        expect(page.locator("#import")).to_be_visible()


def test_a_file_goes_to_the_api_and_is_named_in_its_place_and_picked_again(page: Page) -> None:
    fresh_draft(page)
    pick(page, ("photo.png", png(64, 48)))
    cards(page).get_by_role("button", name="Upload to the API").click()
    expect(cards(page)).to_contain_text("On the API as file_")
    cards(page).get_by_role("button", name="Send its id in place of its bytes").click()
    expect(cards(page)).to_contain_text("image on the API")
    page.get_by_role("button", name="+ file on the API").click()
    page.locator("#files-list").get_by_role("button", name="Insert photo.png").first.click()
    expect(cards(page)).to_have_count(2)
    expect(page.locator("#files")).to_be_hidden()
    page.get_by_role("button", name="+ file on the API").click()
    page.get_by_label("Upload a file to the API").set_input_files(
        [{"name": "notes.txt", "mimeType": "", "buffer": b"Milk"}]
    )
    page.locator("#files-upload").get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#files-list")).to_contain_text("notes.txt")


def test_an_upload_is_composed_and_compared_with_and_without_a_header(page: Page) -> None:
    fresh_draft(page)
    page.get_by_role("button", name="Change the endpoint").click()
    with page.expect_response(re.compile("known=")):
        page.get_by_label("Endpoint", exact=True).select_option("POST /v1/files")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#parts")).to_contain_text("This endpoint takes a form with files")
    hand_over(page.locator("#parts"), "drop", ("photo.png", "image/png", png()))
    expect(page.get_by_label("File name")).to_have_value("photo.png")
    page.get_by_role("button", name="+ expires_in_seconds").click()
    page.get_by_label("Value").fill("3600")
    hand_over(page.locator("#parts"), "drop", ("second.png", "image/png", png()))
    expect(page.get_by_label("File name")).to_have_count(2)
    expect(page.get_by_label("Value")).to_have_value("3600")
    page.get_by_role("button", name="Remove field 3").click()
    saved(page)
    page.get_by_role("button", name=re.compile("^Run 2 requests")).click()
    page.wait_for_url(re.compile("/comparisons/"))
    expect(page.locator(".lane").first).to_contain_text("photo.png")
    expect(page.get_by_label("Value")).to_have_value("3600")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_part_is_accessible_and_fits_the_screen(
    browser: Browser, live_console: Console, width: int, scheme: str
) -> None:
    with watched_page(browser, live_console.url, width=width, scheme=scheme) as page:
        fresh_draft(page)
        pick(page, *[(f"{'a very long name ' * 6}{at}.png", png(64, 48 + at)) for at in range(12)])
        expect(cards(page)).to_have_count(12)
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.get_by_role("button", name="+ file on the API").click()
        expect(page.locator("#files-list .data, #files-list .empty")).to_be_visible()
        assert accessibility_problems(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Import", exact=True).click()
        lines = log(*[body(*[json.dumps(turn) for turn in range(2 * n + 1)]) for n in range(20)])
        page.get_by_label("File, up to 200 MB").set_input_files(
            [{"name": "x" * 200 + ".jsonl", "mimeType": "", "buffer": lines}]
        )
        page.locator("#import").get_by_role("button", name="Import", exact=True).click()
        page.get_by_text("Every turn").click()
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
