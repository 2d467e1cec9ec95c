"""Values for a script, in a data attribute."""

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """JSON, for an attribute: the template escapes it."""
    return json.dumps(value)
