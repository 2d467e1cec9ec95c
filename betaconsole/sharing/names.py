"""`@name` in a comment: whom it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from betaconsole.teams.models import User

# A name begins after a blank, a bracket or at the start, so that an e-mail address mentions nobody.
AT = re.compile(r"(?<![\w@.])@([\w][\w.+-]*(?:@[\w.-]+\w)?)")


def handle(person: User) -> str:
    """How a person is mentioned: the name without blanks, else what stands before the @ of the e-mail address."""
    return "".join(re.findall(r"[\w.+-]+", person.name)) or person.email.partition("@")[0]


def handles(people: Iterable[User]) -> dict[str, User]:
    """Whom each word means, in lower case: handle, whole e-mail address, what stands before its @, and a first name.

    What could mean two people means nobody, except that a handle goes before the rest.
    """
    exact: dict[str, set[User]] = {}
    loose: dict[str, set[User]] = {}
    for person in people:
        exact.setdefault(handle(person).lower(), set()).add(person)
        local, first = person.email.partition("@")[0], person.name.split(" ")[0]
        for word in filter(None, (person.email, local, first)):
            loose.setdefault(word.lower(), set()).add(person)
    found = {word: people for word, people in loose.items() if len(people) == 1}
    return {word: next(iter(who)) for word, who in {**found, **exact}.items() if len(who) == 1}


def mentioned(text: str, known: Mapping[str, User]) -> list[User]:
    """The people a text mentions, each once, in order."""
    found = (meant(match[1], known) for match in AT.finditer(text))
    return list(dict.fromkeys(person for person in found if person is not None))


def meant(word: str, known: Mapping[str, User]) -> User | None:
    """Whom a word after the @ means; a full stop or dash at its end is the sentence's."""
    return known.get(word.lower()) or known.get(word.lower().rstrip(".-+"))
