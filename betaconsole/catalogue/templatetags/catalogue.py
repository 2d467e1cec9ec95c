"""How pages say how old the catalogue is that they speak from."""

from django import template

from betaconsole.catalogue import betas

register = template.Library()


@register.simple_tag
def catalogue_date() -> str:
    """The day up to which the facts were gathered: 2026-11-21."""
    return betas.catalogue_date().isoformat()
