"""Made-up prompts and answers about customers' orders: varied enough that words are common, rare and unique."""

import random
from functools import cache

SUBJECTS = (
    *(
        "The refund",
        "This order",
        "The parcel",
        "Your invoice",
        "The warranty claim",
        "The replacement",
        "Our return window",
    ),
    *(
        "The customer",
        "The courier",
        "The support agent",
        "The policy",
        "The damaged item",
        "The discount",
        "The subscription",
    ),
)
VERBS = (
    *(
        "was approved",
        "has been delayed",
        "covers the damage",
        "needs a photograph",
        "arrives on Tuesday",
        "was refused",
    ),
    *("cannot be changed", "is still open", "expires after fourteen days", "was escalated", "matches the receipt"),
    *("follows the contract", "was paid twice", "waits for the warehouse"),
)
ENDINGS = (
    *(
        "because the box was opened",
        "although nobody had asked",
        "before the end of the month",
        "as section four explains",
    ),
    *("and the difference is returned", "so no further step is needed", "unless the seal is broken", "within two days"),
    *(
        "according to the tracking number",
        "without any extra charge",
        "for members of the programme",
        "in the original colour",
    ),
)
RARE = tuple(
    f"{first}{last}"
    for first in (
        "brass",
        "cedar",
        "cobalt",
        "ember",
        "fern",
        "harbour",
        "indigo",
        "juniper",
        "lantern",
        "marble",
        "quartz",
    )
    for last in ("finch", "gate", "hollow", "mill", "ridge", "spire", "tide", "vale", "wick", "yard")
)
TITLES = (
    *(
        "Does interleaved thinking help refund triage?",
        "Which of our headers still matter?",
        "1M context on the contract corpus",
    ),
    *(
        "Skills smoke test",
        "Cheaper tool calls",
        "Long answers cut short",
        "Is the cache warm?",
        "Support tone, with and without",
    ),
    *("Context editing on long threads", "Fewer tokens for the same answer", "Does the new model refuse less?"),
)
SYSTEM = "You triage customer mail for a shop. Answer in short sentences and name the policy you rely on."


@cache
def sentences() -> tuple[str, ...]:
    """Every combination, in an order of its own."""
    made = [f"{subject} {verb} {ending}." for subject in SUBJECTS for verb in VERBS for ending in ENDINGS]
    random.Random(7).shuffle(made)  # noqa: S311 - made-up words
    return tuple(made)


def answer(chance: random.Random) -> str:
    """Three to fourteen sentences; one in fifty holds a rare word, each an order number of its own."""
    said = chance.choices(sentences(), k=chance.randint(3, 14))
    if chance.random() < 0.02:
        said.append(f"Ask for {chance.choice(RARE)}.")
    return f"Order A-{chance.randrange(10**6):06d}. {' '.join(said)}"


def question(chance: random.Random) -> str:
    return f"{' '.join(chance.choices(sentences(), k=2))} What should we tell them about order A-{chance.randrange(10**6):06d}?"


def title(chance: random.Random) -> str:
    return chance.choice(TITLES)
