"""The colours of the columns' letters: legible in both modes, and no two beside each other alike."""

import re

import pytest

from betaconsole.drafts.columns import MAX_COLUMNS, letter
from tests.environment import CHECKOUT

CSS = CHECKOUT / "static" / "css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);")
TOKENS = {name: pair for name, *pair in PAIR.findall((CSS / "tokens.css").read_text())}
COLUMNS = [name for name in TOKENS if name == "column" or name.startswith("column-")]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_a_letter_is_legible_on_its_colour_and_in_it(name, mode):
    assert contrast(TOKENS[name][mode], TOKENS["on-column"][mode]) >= 4.5
    assert contrast(TOKENS[name][mode], TOKENS["panel"][mode]) >= 4.5


def test_every_column_but_the_first_has_a_colour_and_eight_in_a_row_are_distinct():
    tones = {
        name: colour
        for selector, colour in re.findall(
            r"^(.*) \{ --tone: var\(--(.*?)\); \}$", (CSS / "base.css").read_text(), re.M
        )
        for name in re.findall(r'\[data-letter="(\w+)"\]', selector)
    }
    colours = [tones.get(letter(position), "column") for position in range(MAX_COLUMNS)]
    assert colours.count("column") == 1
    assert len(set(colours[:8])) == len({TOKENS[name][0] for name in COLUMNS}) == 8
    assert all(len(set(colours[at : at + 7])) == 7 for at in range(MAX_COLUMNS - 6))
