"""The words of one bash command, as bash would hand them over. Pure, linear in the length of the text.

Nothing is expanded: variables and substitutions stay as they are written and are named, so that a reader knows.
"""

import re
from dataclasses import dataclass, field

_BLANK = re.compile(r"[ \t]+")
_CONTINUED = re.compile(r"\\[ \t]*\r?\n")  # blanks before the line end come with copying from a page
_PLAIN = re.compile(r"[^\s'\"\\$`;|&<>()]+")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ANSI = re.compile(r"\$'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_EXPANSION = re.compile(r"\$\{[^}]{0,200}\}|\$[A-Za-z_]\w{0,100}|\$\(|\$[0-9@*#?]|`")
_HERE = re.compile(r"<<-?[ \t]*(?:'([^'\n]{1,100})'|\"([^\"\n]{1,100})\"|\\?([\w.-]{1,100}))")
_REDIRECTION = re.compile(r"[0-9]?(?:<<<|>>|[<>]&?)[ \t]*")
_IN_DOUBLE = re.compile(r"\\(?:([\"\\$`])|\r?\n)")
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.)|([^xuU0-7c]))|((?:\\x[0-9A-Fa-f]{1,2}|\\[0-7]{1,3})+)",
    re.DOTALL,
)
_BYTE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3}))")
MOST_HERE_DOCUMENTS, MOST_PIECES = 20, 500_000
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}


class ShellError(ValueError):
    """Text that bash would not take as a command; the message is for people."""


@dataclass
class Word:
    """One word; `expansions` are the variables and substitutions in it, left as written."""

    text: str = ""
    expansions: list[str] = field(default_factory=list)


@dataclass
class Command:
    """The words of a command, and what a here-document puts on its standard input."""

    words: list[Word]
    stdin: str | None = None


def read_command(text: str, start: int = 0) -> Command:
    """The command that begins at `start`, up to the end of its line or an operator. Raises `ShellError`."""
    return _Reader(text, start).read()


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.command = Command([])
        self.pieces: list[str] | None = None  # of the word that is read; joined at its end
        self.expansions: list[str] = []
        self.here_documents = 0

    def read(self) -> Command:
        count = 0
        while self.at < len(self.text) and self._piece():
            count += 1
            if count > MOST_PIECES:
                raise ShellError(f"The command has more than {MOST_PIECES:,} words and quotes.")
        self._end_word()
        return self.command

    def _piece(self) -> bool:
        """Read one piece of the command; False at its end."""
        if blank := _BLANK.match(self.text, self.at):
            self._end_word()
            self.at = blank.end()
        elif continued := _CONTINUED.match(self.text, self.at):
            self.at = continued.end()
        elif here := _HERE.match(self.text, self.at):
            self._end_word()
            self._here_document(here[1] or here[2] or here[3])
            self.at = here.end()
        elif self.pieces is None and (redirection := _REDIRECTION.match(self.text, self.at)):
            self.at = redirection.end()
            self._skip_word()
        elif self.text[self.at] in ";|&()<>\n\r":
            return False
        else:
            self._word_piece()
        return True

    def _word_piece(self) -> None:
        text = self.text
        if plain := _PLAIN.match(text, self.at):
            self._add(plain[0], plain.end())
        elif single := _SINGLE.match(text, self.at):
            self._add(single[1], single.end())
        elif double := _DOUBLE.match(text, self.at):
            self._add(_IN_DOUBLE.sub(lambda found: found[1] or "", double[1]), double.end(), expanding=double[1])
        elif ansi := _ANSI.match(text, self.at):
            self._add(_paired(_ESCAPE.sub(_escaped, ansi[1])), ansi.end())
        elif expansion := _EXPANSION.match(text, self.at):
            self._add(expansion[0], expansion.end(), expanding=expansion[0])
        elif text[self.at] == "\\" and self.at + 1 < len(text):
            self._add(text[self.at + 1], self.at + 2)
        elif text[self.at] in "'\"" or text.startswith("$'", self.at):
            line = text.count("\n", 0, self.at) + 1
            raise ShellError(f"A quote opened in line {line} is never closed.")
        else:
            self._add(text[self.at], self.at + 1)

    def _add(self, piece: str, end: int, *, expanding: str = "") -> None:
        self.pieces = [] if self.pieces is None else self.pieces
        self.pieces.append(piece)
        self.at = end
        if expanding:
            # A backslash takes the meaning from the character behind it.
            plain = re.sub(r"\\.", "", expanding, flags=re.DOTALL)
            self.expansions += [found[0] for found in _EXPANSION.finditer(plain)][:20]

    def _end_word(self) -> None:
        if self.pieces is not None:
            self.command.words.append(Word("".join(self.pieces), self.expansions))
        self.pieces, self.expansions = None, []

    def _skip_word(self) -> None:
        while self.at < len(self.text) and not self.text[self.at].isspace() and self.text[self.at] not in ";|&()<>":
            self._word_piece()
        self.pieces, self.expansions = None, []

    def _here_document(self, delimiter: str) -> None:
        self.here_documents += 1
        if self.here_documents > MOST_HERE_DOCUMENTS:
            raise ShellError(f"The command has more than {MOST_HERE_DOCUMENTS} here-documents.")
        begin = self.text.find("\n", self.at) + 1
        end = re.compile(rf"^\t*{re.escape(delimiter)}\r?$", re.MULTILINE).search(self.text, begin) if begin else None
        if end is None:
            raise ShellError(f"The here-document never ends: no line {delimiter!r} follows.")
        self.command.stdin = self.text[begin : end.start()]


def _escaped(found: re.Match[str]) -> str:
    u4, u8, control, letter, octets = found.groups()
    if code := u4 or u8:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else "\ufffd"
    if octets:
        codes = (int(byte[1], 16) if byte[1] else int(byte[2], 8) & 0xFF for byte in _BYTE.finditer(octets))
        return bytes(codes).decode("utf-8", "replace")
    if control:
        return chr(ord(control) & 0x1F)
    return _LETTERS.get(letter, letter if letter in "\\'\"?" else f"\\{letter}")


def _paired(text: str) -> str:
    """Halves of a character that were escaped one by one, put together; a lone half stays."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
