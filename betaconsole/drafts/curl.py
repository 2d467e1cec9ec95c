"""A curl command as the request it would send: URL, headers, body. Pure."""

import re
from dataclasses import dataclass, field

from .shell import Command, ShellError, Word, read_command
from .windows_shell import in_bash

STARTS = re.compile(r"^[ \t>$%#]*(?:[A-Za-z_]\w{0,60}=\S{0,2000}[ \t]+){0,8}curl(?:\.exe)?(?=[ \t\\])", re.MULTILINE)
PROMPTED = re.compile(r"(?<=\n)> ?")
DATA = {"-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json", "--data-urlencode"}
FORM = {"-F", "--form", "--form-string", "-T", "--upload-file"}
SECRET = {"-u": "user name and password (-u)", "--user": "user name and password (--user)",
          "-b": "cookies (-b)", "--cookie": "cookies (--cookie)", "--oauth2-bearer": "a token (--oauth2-bearer)",
          "-U": "proxy password (-U)", "--proxy-user": "proxy password (--proxy-user)", "-E": "a client certificate (-E)",
          "--cert": "a client certificate (--cert)", "--key": "a client key (--key)"}  # fmt: skip
SHORT_WITH_VALUE = "AbcCdDeEFHKmoPQrtTuUwxXyYz"
LONG_WITH_VALUE = {
    "--request", "--header", "--url", "--max-time", "--connect-timeout", "--output", "--write-out", "--proxy",
    "--user-agent", "--referer", "--retry", "--retry-delay", "--retry-max-time", "--cacert", "--capath", "--config",
    "--resolve", "--connect-to", "--interface", "--limit-rate", "--speed-time", "--speed-limit", "--dump-header",
    "--cookie-jar", "--noproxy", "--tls-max", "--ciphers", "--trace", "--trace-ascii", "--unix-socket", "--range",
    "--keepalive-time", "--expect100-timeout", "--max-redirs", "--variable", "--create-file-mode", "--stderr",
} | DATA | FORM | set(SECRET)  # fmt: skip


class CurlError(ValueError):
    """A command that cannot be read as a request; the message is for people and holds nothing of the command's values."""


@dataclass
class CurlRequest:
    """What curl would send. `files` are files the body comes from, `expansions` shell expansions left in the body."""

    url: str = ""
    method: str = ""  # as -X, -G, -I or -T say; empty: what the body asks for
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    data: list[str] = field(default_factory=list)  # the body in pieces
    files: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    expansions: list[str] = field(default_factory=list)
    is_form: bool = False

    @property
    def asked_method(self) -> str:
        """The method curl would use."""
        return self.method or ("POST" if self.body is not None or self.files or self.is_form else "GET")


def read_curl(text: str) -> CurlRequest:
    """The request of the first curl command in the text. Raises `CurlError`."""
    found = STARTS.search(text)
    if found is None:
        raise CurlError("No curl command begins a line here.")
    if found[0].lstrip()[:1] in ("$", "%", "#"):
        # The shell's own mark before the lines that go on.
        text = text[: found.end()] + PROMPTED.sub("", text[found.end() :])
    words = in_bash(text, found.end())
    try:
        command = read_command(text, found.end()) if words is None else read_command(words)
    except ShellError as error:
        raise CurlError(str(error)) from error
    request = CurlRequest()
    for option, value in _options(command.words):
        _take(request, option, value, command)
    if request.data:
        request.body = "".join(request.data)
    return request


def _options(words: list[Word]) -> list[tuple[str, Word]]:
    """Pairs of option and value; the URL and switches without a value come as option "" and with an empty value."""
    pairs: list[tuple[str, Word]] = []
    rest = iter(words)
    for word in rest:
        if word.text.startswith("--"):
            pairs.append((word.text, next(rest, Word()) if word.text in LONG_WITH_VALUE else Word()))
        elif word.text.startswith("-") and len(word.text) > 1:
            pairs += _short(word, rest)
        else:
            pairs.append(("", word))
    return pairs


def _short(word: Word, rest: "object") -> list[tuple[str, Word]]:
    """The options of a cluster such as `-sSX POST`: the first that takes a value ends it."""
    pairs: list[tuple[str, Word]] = []
    for position, letter in enumerate(word.text[1:200], start=1):
        if letter in SHORT_WITH_VALUE:
            value = Word(word.text[position + 1 :], word.expansions)
            return [*pairs, (f"-{letter}", value if value.text else next(rest, Word()))]  # type: ignore[call-overload]
        pairs.append((f"-{letter}", Word()))
    return pairs


def _take(request: CurlRequest, option: str, value: Word, command: Command) -> None:
    if option in ("-H", "--header"):
        name, _, content = value.text.partition(":")
        request.headers.append((name.strip(), content.strip()))
    elif option in DATA:
        _take_data(request, option, value, command)
    elif option in FORM:
        request.is_form = True
        if option in ("-T", "--upload-file"):
            request.method = request.method or "PUT"
    elif option in ("-X", "--request"):
        request.method = value.text.upper()
    elif option in ("-G", "--get", "-I", "--head"):
        request.method = request.method or ("GET" if option in ("-G", "--get") else "HEAD")
    elif option in SECRET:
        request.secrets.append(SECRET[option])
    elif option in ("", "--url"):
        request.url = request.url or value.text
    elif option in ("-A", "--user-agent"):
        request.headers.append(("user-agent", value.text))


def _take_data(request: CurlRequest, option: str, value: Word, command: Command) -> None:
    """One piece of the body; curl joins several with `&`, and those of --json with nothing."""
    text, joint = value.text, "" if option == "--json" else "&"
    if text.startswith("@") and option != "--data-raw":
        if text[1:] in ("-", "/dev/stdin") and command.stdin is not None:
            text = command.stdin
        else:
            request.files.append(text[1:] or "-")
            return
    request.expansions += value.expansions
    request.data += [joint, text] if request.data else [text]
