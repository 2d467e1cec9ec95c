"""Ids for URLs and the API: random, so that nobody can count or guess; inside, integer keys are used."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 16


def new_public_id() -> str:
    """80 random bits in Crockford's base 32, lower case: safe in URLs, HTML ids and file names."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
