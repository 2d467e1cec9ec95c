"""The rule every view carries."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from betaconsole.teams.access import public, requires
from betaconsole.teams.models import Membership, Role

RANKS = list(Role)


@pytest.mark.parametrize("held", RANKS)
@pytest.mark.parametrize("needed", RANKS)
def test_a_view_answers_those_with_at_least_its_role(needed, held):
    request = RequestFactory().get("/")
    request.membership = Membership(role=held)
    view = requires(needed)(lambda request: HttpResponse("in"))
    if RANKS.index(held) >= RANKS.index(needed):
        assert view(request).content == b"in"
    else:
        with pytest.raises(PermissionDenied):
            view(request)


def test_a_view_with_a_rule_refuses_a_request_from_nobody():
    with pytest.raises(PermissionDenied):
        requires(Role.VIEWER)(lambda request: HttpResponse("in"))(RequestFactory().get("/"))


def test_a_public_view_says_so():
    assert public(lambda request: HttpResponse("in")).access_rule == "public"
