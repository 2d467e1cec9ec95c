import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import headers
from betaconsole.claude.headers import HeaderError

ALLOWED = "abcdefghijklmnopqrstuvwxyz0123456789.-"
well_formed = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,127}", fullmatch=True)


@given(well_formed)
def test_a_well_formed_name_is_returned_as_it_is(name):
    assert headers.check_beta(name) == name


@pytest.mark.parametrize(
    ("name", "quoted", "why"),
    [
        ("", "''", "empty"),
        ("Files-api", "'Files-api'", "capital letter F"),
        ("files api", "'files api'", "space"),
        ("a,b", "'a,b'", "comma"),
        ("a\rb", r"'a\rb'", "CR"),
        ("a\nb", r"'a\nb'", "LF"),
        ("a\n", r"'a\n'", "LF"),
        ("a\0b", r"'a\x00b'", "NUL"),
        ("a\tb", r"'a\tb'", "tab"),
        ("béta-2025", "'béta-2025'", "contains 'é', which is not ASCII"),
        ("a\u2028b", r"'a\u2028b'", "not ASCII"),
        ("a\x1b[2Jb", r"'a\x1b[2Jb'", "only a-z"),
        ("files_api", "'files_api'", "'_'"),
        ("-files", "'-files'", "first character"),
        (".files", "'.files'", "first character"),
        ("a" * 129, "'" + "a" * 80 + "'…", "too long"),
    ],
)
def test_b15_a_bad_name_is_quoted_and_the_reason_given(name, quoted, why):
    with pytest.raises(HeaderError) as caught:
        headers.check_beta(name)
    assert quoted in str(caught.value)
    assert why in str(caught.value)


@given(st.text(max_size=300))
def test_b15_whatever_is_accepted_can_stand_in_a_header_line_and_whatever_is_not_gives_a_printable_message(name):
    try:
        message = ""
        assert len(headers.check_beta(name)) <= 128
    except HeaderError as error:
        message = str(error)
    assert message.isprintable()
    assert bool(message) != (bool(name) and set(name) <= set(ALLOWED) and name[0] not in ".-" and len(name) <= 128)


def test_a_header_line_is_split_on_commas_without_empty_elements_and_repeats():
    assert headers.parse_betas("b-2, a-1,,\tb-2 , ,C") == ("b-2", "a-1", "C")
    assert headers.parse_betas("") == ()
    assert headers.parse_betas(" , ") == ()


@given(st.lists(well_formed, max_size=64, unique=True))
def test_names_survive_joining_and_parsing_in_their_order(names):
    joined = headers.join_betas(names)
    assert " " not in joined
    assert headers.parse_betas(joined) == tuple(names)


def test_more_names_than_a_header_may_hold_are_refused():
    assert headers.join_betas([f"beta-{n}" for n in range(64)]).count(",") == 63
    with pytest.raises(HeaderError, match="65"):
        headers.join_betas([f"beta-{n}" for n in range(65)])


def test_joining_checks_each_name():
    with pytest.raises(HeaderError, match="capital"):
        headers.join_betas(["fine-1", "Bad"])


@pytest.mark.parametrize(
    "version", ["", "2026-10-21\n", "2026-1-21", "latest", "２０２６-10-21", "2023-06-01, 2023-06-01"]
)
def test_a_version_that_is_no_date_is_refused(version):
    with pytest.raises(HeaderError, match="anthropic-version"):
        headers.check_version(version)


def test_a_version_is_returned_as_it_is():
    assert headers.check_version("2023-06-01") == "2023-06-01"


def test_the_headers_stand_in_a_fixed_order_with_the_key_as_a_reference():
    assert headers.request_headers(betas=["b-1", "a-2"], version="2023-06-01", stream=True) == (
        ("accept", "text/event-stream"),
        ("accept-encoding", "identity"),
        ("anthropic-beta", "b-1,a-2"),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("user-agent", "betaconsole/0.1"),
        ("x-api-key", "$ANTHROPIC_API_KEY"),
    )


def test_without_betas_there_is_no_beta_line_and_without_a_body_no_content_type():
    names = [
        name for name, _ in headers.request_headers(betas=(), version="2026-10-21", stream=False, content_type=None)
    ]
    assert "anthropic-beta" not in names
    assert "content-type" not in names


def test_a_bad_name_or_version_makes_no_headers():
    with pytest.raises(HeaderError):
        headers.request_headers(betas=["a\r\nx-evil: 1"], version="2026-10-21", stream=False)
    with pytest.raises(HeaderError):
        headers.request_headers(betas=[], version="2026-10-21\r\nx-evil: 1", stream=False)


def test_extra_headers_stand_among_the_others_in_alphabetical_order():
    lines = headers.request_headers(
        betas=["b-1"],
        version="2026-10-21",
        stream=False,
        content_type="multipart/form-data; boundary=betaconsole-0a",
        extra=[("anthropic-workspace-id", "wrkspc_01"), ("anthropic-user-profile-id", "uprof_1.a-B")],
    )
    assert [name for name, _ in lines] == sorted(name for name, _ in lines)
    assert dict(lines)["anthropic-workspace-id"] == "wrkspc_01"
    assert dict(lines)["anthropic-user-profile-id"] == "uprof_1.a-B"
    assert dict(lines)["content-type"] == "multipart/form-data; boundary=betaconsole-0a"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("x-api-key", "sk", "The header 'x-api-key' cannot be added"),
        ("Anthropic-Workspace-Id", "w", "'Anthropic-Workspace-Id' cannot be added"),
        ("anthropic-beta", "a", "cannot be added"),
        ("a\r\nb", "a", r"'a\r\nb' cannot be added"),
        ("anthropic-workspace-id", "", "anthropic-workspace-id is empty"),
        ("anthropic-workspace-id", "a b", "cannot be 'a b'"),
        ("anthropic-workspace-id", "a\r\nx-evil: 1", r"cannot be 'a\r\nx-evil: 1'"),
        ("anthropic-workspace-id", "wé", "at most 128 letters"),
        ("anthropic-user-profile-id", "u" * 129, "'" + "u" * 80 + "'…"),
    ],
)
def test_b15_any_other_extra_header_is_refused_with_a_sentence(name, value, why):
    with pytest.raises(HeaderError) as caught:
        headers.check_extra_header(name, value)
    assert why in str(caught.value)
    with pytest.raises(HeaderError):
        headers.request_headers(betas=(), version="2026-10-21", stream=False, extra=[(name, value)])


def test_an_extra_header_given_twice_makes_no_headers():
    twice = [("anthropic-workspace-id", "a"), ("anthropic-workspace-id", "b")]
    with pytest.raises(HeaderError, match="twice"):
        headers.request_headers(betas=(), version="2026-10-21", stream=False, extra=twice)


@pytest.mark.parametrize("content_type", ["", "application/json\r\nx: 1", "text", 'a/b; c="d"', "a/b\n"])
def test_an_odd_content_type_makes_no_headers(content_type):
    with pytest.raises(HeaderError):
        headers.request_headers(betas=(), version="2026-10-21", stream=False, content_type=content_type)


@given(st.sampled_from(headers.EXTRA_HEADERS), st.text(max_size=150) | st.from_regex(r"[A-Za-z0-9_.-]{1,129}\n?"))
def test_whatever_value_an_extra_header_takes_is_an_id(name, value):
    message = ""
    try:
        assert headers.check_extra_header(name, value) == (name, value)
    except HeaderError as error:
        message = str(error)
    is_id = 0 < len(value) <= 128 and set(value) <= set(f"{ALLOWED}{ALLOWED.upper()}_")
    assert bool(message) != is_id
    assert message.isprintable()
