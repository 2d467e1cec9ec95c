"""A curl command as Windows spells it, in the spelling of bash: from cmd (`^`) or from PowerShell (`` ` ``). Pure, linear.

Recognised by how its first line is continued, or by a quotation mark that cmd would not see (`^"`, as browsers copy it).
"""

import re
import shlex

_OF_CMD = re.compile(r"[ \t]*+(?:\^\"|[^\r\n]*\^\r?\n)")
_OF_POWERSHELL = re.compile(r"[^\r\n]*`\r?\n")
# What cmd itself reads: inside of quotation marks a caret stands for itself.
_CARETS = re.compile(r'("[^"\n]*+"?)|\^\r?\n(\r?\n)?|\^(.)', re.DOTALL)
# What the program reads then: a backslash takes the meaning from a quotation mark.
_WORD = re.compile(r'(?:[^\s"\\]++|\\.|\\|"(?:[^"\\]++|\\.)*+"?)++', re.DOTALL)
_PIECE = re.compile(r'"((?:[^"\\]++|\\.)*+)"?|([^"\\]++|\\.|\\)', re.DOTALL)
_TAKEN = re.compile(r'\\(["\\])')
_POWERSHELL_PIECE = re.compile(
    r"'((?:[^']++|'')*+)'?|\"((?:[^\"`]++|`.|\"\")*+)\"?|`\r?\n|(\s+)|`(.)|([^\s'\"`]++|`)", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def in_bash(text: str, start: int) -> str | None:
    """The words from `start` on as bash writes them; None where the command is none of Windows."""
    if _OF_CMD.match(text, start):
        plain = _CARETS.sub(lambda found: found[1] or ("\n" if found[2] else found[3] or ""), text[start:])
        words = [_of_cmd(found[0]) for found in _WORD.finditer(plain)]
    elif _OF_POWERSHELL.match(text, start):
        words = _of_powershell(text[start:])
    else:
        return None
    return " " + " ".join(map(shlex.quote, words))


def _of_cmd(word: str) -> str:
    pieces = (found[2] if found[1] is None else found[1] for found in _PIECE.finditer(word))
    return "".join(_TAKEN.sub(r"\1", piece) for piece in pieces)


def _of_powershell(text: str) -> list[str]:
    words: list[list[str]] = [[]]
    for found in _POWERSHELL_PIECE.finditer(text):
        single, double, blank, escaped, bare = found.groups()
        if blank is not None:
            words.append([])
        elif single is not None:
            words[-1].append(_before_7_3(single.replace("''", "'")))
        elif double is not None:
            words[-1].append(_before_7_3(re.sub(r"`(.)|\"\"", _letter, double, flags=re.DOTALL)))
        elif escaped or bare:
            words[-1].append(escaped or bare)
    return ["".join(word) for word in words if word]


def _letter(found: re.Match[str]) -> str:
    return '"' if found[1] is None else _LETTERS.get(found[1], found[1])


def _before_7_3(text: str) -> str:
    """Until version 7.3 people had to write a backslash before each quotation mark of a body."""
    return _TAKEN.sub(r"\1", text) if re.match(r'\s*[\[{]\s*\\"', text) else text
