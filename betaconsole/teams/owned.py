"""What a team owns, as a query sees it."""

from typing import Self

from django.db import models

from .models import User


class OwnedQuerySet(models.QuerySet):
    """Rows with a `team`. Every query of a page or the API starts with `visible_to`."""

    def visible_to(self, user: User) -> Self:
        return self.filter(user.sees())
