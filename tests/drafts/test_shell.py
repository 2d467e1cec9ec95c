"""The words of a command, as bash would hand them over: bash itself is the judge."""

import subprocess
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.drafts.shell import ShellError, read_command

ANY = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
PLAIN = st.text("abcXYZ019/_.:=@%+-{},", min_size=1, max_size=6)
SINGLE = st.text(ANY, max_size=8).map(lambda text: "'" + text.replace("'", "") + "'")
DOUBLE = st.text(ANY, max_size=8).map(
    lambda text: '"' + text.replace("\\", "").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`") + '"'
)
ODD_DOUBLE = st.sampled_from(['"a\\nb"', '"a\\\\b"', '"a\\\nb"', '"\\x"', '""', '"it\'s"'])
ANSI = st.lists(
    st.sampled_from(
        ["a", "\\n", "\\t", "\\'", '\\"', "\\\\", "\\x41", "\\u00e9", "\\xc3\\xa9", "\\101", "\\U0001F600", "\\q", "é"]
    ),
    max_size=5,
).map(lambda parts: "$'" + "".join(parts) + "'")
ESCAPED = st.sampled_from(["\\ ", "\\'", "\\$", "\\\\", "\\a", "\\\n"])
WORD = st.lists(PLAIN | SINGLE | DOUBLE | ODD_DOUBLE | ANSI | ESCAPED, min_size=1, max_size=4).map("".join)
COMMANDS = st.lists(WORD, min_size=1, max_size=4).map(" ".join)


def in_bash(command: str) -> list[str]:
    script = f"set -f +B\nprintf '%s\\0' x {command}\n"
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    return done.stdout.decode().split("\0")[1:-1]


@settings(max_examples=150, deadline=None)
@given(COMMANDS)
def test_quoting_is_read_as_bash_reads_it(command):
    assert [word.text for word in read_command(command).words] == in_bash(command)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text):
    with suppress(ShellError):
        read_command(text)


@pytest.mark.parametrize("end", ["\n", ";", "|", "&&", ")"])
def test_a_command_ends_at_its_line_or_an_operator(end):
    assert [word.text for word in read_command(f"a b {end} c").words] == ["a", "b"]


def test_lines_are_continued_by_a_backslash():
    assert [word.text for word in read_command("a \\\n  b \\\r\n c\nd").words] == ["a", "b", "c"]


def test_redirections_are_no_words():
    assert [word.text for word in read_command("a 2>&1 > out.txt < 'in' b").words] == ["a", "b"]


def test_a_here_document_is_the_standard_input():
    command = read_command("a @- <<'EOF' b\n{\"x\": 1}\nEOF\nrest")
    assert [word.text for word in command.words] == ["a", "@-", "b"]
    assert command.stdin == '{"x": 1}\n'


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "a $'b", "a <<EOF\nb"])
def test_what_is_never_closed_is_refused(text):
    with pytest.raises(ShellError):
        read_command(text)


def test_expansions_stay_as_written_and_are_named():
    word = read_command(""""a $MODEL \\$NOT ${X} `date`"'${NEITHER}'$(cat)""").words[0]
    assert word.text.startswith("a $MODEL $NOT ${X} `date`${NEITHER}$")
    assert word.expansions[:3] == ["$MODEL", "${X}", "`"]
    assert "$NOT" not in word.expansions
    assert "${NEITHER}" not in word.expansions


def test_halves_of_a_character_escaped_one_by_one_become_one():
    assert read_command("$'\\ud83d\\ude00'").words[0].text == "😀"


def test_a_long_command_takes_no_longer_per_character():
    text = "'" + "{}" * 500_000 + "' " + '"' + '\\"' * 500_000 + '"'
    assert [len(word.text) for word in read_command(text).words] == [1_000_000, 500_000]
