"""What stays open in one session asks once, for all of it, whether it still may."""

import gc

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from betaconsole.teams.models import Membership
from betaconsole.teams.standing import Standing, standing_of

pytestmark = pytest.mark.django_db


def of(membership: Membership | None) -> Standing:
    request = RequestFactory().get("/")
    request.user = AnonymousUser() if membership is None else membership.user
    request.membership = membership  # type: ignore[attr-defined]
    return standing_of(request)


def test_pages_of_one_session_share_what_was_found(owner: Membership, django_assert_num_queries) -> None:
    pages = [of(owner) for _ in range(20)]
    with django_assert_num_queries(1):
        assert all(page.holds(at_most_s=600 if number else 0) for number, page in enumerate(pages))
    Membership.objects.filter(pk=owner.pk).delete()
    assert pages[0].holds(at_most_s=600)
    assert not pages[1].holds(at_most_s=0)
    assert not any(page.holds(at_most_s=600) for page in pages)


def test_another_password_is_another_standing_and_nothing_is_kept_for_nobody(owner: Membership) -> None:
    before = of(owner)
    owner.user.set_password("another one")
    owner.user.save()
    now = of(owner)
    assert (before.holds(at_most_s=0), now.holds(at_most_s=0)) == (False, True)
    assert not of(None).holds(at_most_s=600)
    del before, now
    gc.collect()
    assert of(owner).holds(at_most_s=600)
