"""What host names lead to, said by the test: the name server is a far end too."""

import socket
from typing import Any

import pytest


class Names:
    """What names lead to: answers one after the other, the last one again; `asked` counts."""

    def __init__(self, *answers: str | list[str]) -> None:
        self._answers = [[one] if isinstance(one, str) else one for one in answers]
        self.asked = 0

    def __call__(self, host: str, port: int, *args: Any, flags: int = 0, **kwargs: Any) -> list[Any]:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [self._row(address, port) for address in found]

    def _row(self, address: str, port: int) -> Any:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)[: 4 if ":" in address else 2]


@pytest.fixture
def names(monkeypatch):
    """Says what every name leads to from now on."""

    def say(*answers: str | list[str]) -> Names:
        made = Names(*answers)
        monkeypatch.setattr(socket, "getaddrinfo", made)
        return made

    return say
