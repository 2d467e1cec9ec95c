"""Words for simulated answers: sentences about the prompt's own topics, in paragraphs, with lists and code now and then."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from .tokens import pieces

SAYS_SO = "(This is a simulated answer.)"

OPENINGS = (
    "Here is how I would look at {a}.",
    "The short version: {a} and {b} have to be decided together.",
    "{A} is easier to judge once {b} is pinned down.",
    "Let me take {a} first and come back to {b} afterwards.",
    "There are two sides to {a}, and {b} is the one that is usually missed.",
    "Starting from what you describe, {a} deserves the most attention.",
    "I would separate what is known about {a} from what is only assumed.",
    "It helps to say plainly what {a} is for before turning to {b}.",
)
POINTS = (
    "The first thing to settle is what {a} means in practice, because {b} follows from it.",
    "In most cases {a} costs little, while getting {b} wrong is noticed late and by the wrong people.",
    "A small trial with {a} tells you more than a long discussion about {b}.",
    "If {b} changes often, keep {a} simple enough that one person can explain it in a minute.",
    "People tend to overrate {a} and forget that {b} has to work on an ordinary Tuesday.",
    "What matters for {a} is not the average but the slowest tenth, and that is where {b} shows.",
    "Write down which part of {a} is fixed; everything else about {b} can then move freely.",
    "The evidence for {a} is good – the evidence for {b} less so, and it is worth saying which is which.",
    "Where {a} and {b} pull in different directions, prefer the one that is easier to undo.",
    "A useful test is to ask what would have to be true for {a} to fail.",
    "None of this makes {b} unnecessary; it only moves it to a later step.",
    "Compare {a} before and after with the same input, or the difference says nothing about {b}.",
    "Note that {a} looks the same from outside whether or not {b} is in place.",
    "For a team of five this is a “nice to have”; for fifty, {a} without {b} becomes a daily cost.",
    "I would measure {a} for a week and only then touch {b}.",
    "The usual objection is that {a} is too slow, yet the time is mostly spent on {b}.",
)
CAVEATS = (
    "One caveat: I am assuming that {b} stays as it is.",
    "This is less certain where {a} meets {b}, so treat it as a starting point.",
    "If {b} turns out differently, the order of the steps changes, not the steps themselves.",
    "I have left {b} out on purpose; it deserves its own answer.",
)
CLOSINGS = (
    "If you tell me more about {b}, I can be more specific.",
    "So: begin with {a}, keep {b} in view, and decide again in two weeks.",
    "In short, {a} is worth it, provided that {b} is looked after.",
    "That would be my order: {a} first, {b} second, everything else when there is time.",
)
GREETINGS = (
    "Hello! (This is a simulated answer.) What would you like to work on?",
    "Hi there. (This is a simulated answer.) How can I help you today?",
    "Hello – good to hear from you. (This is a simulated answer.) What is on your mind?",
    "Hi! (This is a simulated answer.) Tell me what you need, and I will do my best.",
)
LEADS = ("What to check", "The steps", "What speaks for it", "Before you start", "Three things to keep apart")
BULLETS = (
    "**{A}**: say who looks after it, and until when.",
    "**{A}** – only as far as {b} needs it.",
    "Collect two or three real examples of {a}.",
    "Leave {b} alone until {a} is stable.",
    "Name the one number by which you will judge {a}.",
    "Agree on what happens when {b} fails.",
    "Keep a note of every change to {a}, however small.",
)
THOUGHTS = (
    "The user asks about {a}.",
    "I should be clear about {a} before I say anything on {b}.",
    "What do I know about {b}? Enough for a general answer, not for exact figures.",
    "One way to read this is that {a} is the cause and {b} the effect; the other way round also makes sense.",
    "Let me check that against {b}.",
    "A list may be easier to follow than one long paragraph.",
    "I will keep the answer short and mention the caveat on {b}.",
    "Is {a} really the point here? I think so, since {b} was mentioned as well.",
    "Then the order would be {a} first, and {b} after it.",
)
UPDATES = (
    "Looking into {a}.",
    "Comparing {a} with {b}.",
    "Checking {b} once more.",
    "Putting the answer on {a} together.",
)
CODE_WORDS = frozenset(
    {"code", "function", "python", "script", "snippet", "regex", "sql", "javascript", "class", "bug"}
)


class Writer:
    """Writes text on a few topics. Every choice comes from `rng`."""

    def __init__(self, topics: Sequence[str], rng: random.Random) -> None:
        self._topics = list(topics[:8]) or ["this question", "the rest"]
        if len(self._topics) == 1:
            self._topics.append("the rest")
        self._rng = rng
        self._left: dict[Sequence[str], list[str]] = {}

    def sentence(self, kind: Sequence[str]) -> str:
        """One sentence of a kind; a kind is used up before a sentence comes twice."""
        left = self._left.get(kind)
        if not left:
            left = self._left[kind] = self._rng.sample(kind, len(kind))
        a, b = self._rng.sample(self._topics, 2)
        sentence = left.pop().replace("{A}", a[:1].upper() + a[1:]).replace("{a}", a).replace("{b}", b)
        return sentence[:1].upper() + sentence[1:]

    def answer(self, target_tokens: float, *, first: str = "") -> str:
        """A whole answer of about that many tokens. `first` begins it."""
        head = " ".join(filter(None, (first, self.sentence(OPENINGS), SAYS_SO)))
        paragraphs = [head]
        left = target_tokens - len(pieces(head))
        extras = self._extras()
        while left > 12:
            paragraph = extras.pop()() if extras and left > 70 and len(paragraphs) % 2 == 0 else self._paragraph(left)
            paragraphs.append(paragraph)
            left -= len(pieces(paragraph)) + 1
        return "\n\n".join(paragraphs)

    def thoughts(self, target_tokens: float) -> str:
        sentences = [THOUGHTS[0].replace("{a}", self._topics[0])]
        while len(pieces(" ".join(sentences))) < target_tokens - 8:
            sentences.append(self.sentence(THOUGHTS[1:]))
        return " ".join(sentences)

    def updates(self, target_tokens: float) -> str:
        """Short notes on progress, a line each."""
        lines = [self.sentence(UPDATES)]
        while len(pieces("\n".join(lines))) < target_tokens - 4:
            lines.append(self.sentence(UPDATES))
        return "\n".join(lines)

    def _paragraph(self, most_tokens: float) -> str:
        sentences: list[str] = []
        for _ in range(self._rng.randint(2, 4)):
            last = self._rng.random()
            kind = CAVEATS if last < 0.1 else CLOSINGS if most_tokens < 40 and last < 0.6 else POINTS
            sentence = self.sentence(kind)
            most_tokens -= len(pieces(sentence))
            if most_tokens < -10 and sentences:
                break
            sentences.append(sentence)
            if most_tokens < 8:
                break
        return " ".join(sentences)

    def _extras(self) -> list[Callable[[], str]]:
        extras: list[Callable[[], str]] = []
        if self._rng.random() < 0.55:
            extras.append(self._list)
        if CODE_WORDS.intersection(word for topic in self._topics for word in topic.lower().split()):
            extras.append(self._code)
        return extras

    def _list(self) -> str:
        numbered = self._rng.random() < 0.4
        items = [self.sentence(BULLETS) for _ in range(self._rng.randint(3, 4))]
        marks = [f"{number}." if numbered else "-" for number in range(1, len(items) + 1)]
        lines = [f"{mark} {item}" for mark, item in zip(marks, items, strict=True)]
        return "\n".join([f"**{self._rng.choice(LEADS)}**", "", *lines])

    def _code(self) -> str:
        name = "".join(letter for letter in self._topics[0].lower() if letter.isascii() and letter.isalnum()) or "task"
        limit = self._rng.choice((3, 5, 8, 10, 20))
        lines = (
            "```python",
            f"def check_{name}(rows, limit={limit}):",
            f'    """Return the first rows that need a look at {name}."""',
            "    found = [row for row in rows if row.changed]",
            "    return sorted(found, key=lambda row: row.when)[:limit]",
            "```",
        )
        return "\n".join(lines)
