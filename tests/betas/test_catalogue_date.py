"""How old the catalogue is stands wherever it is used."""

import pytest

from betaconsole.catalogue.betas import catalogue_date
from tests.builders import CONTEXT

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/betas/", f"/betas/{CONTEXT}/", "/betas/made-up-2026-01-01/", "/betas/check/", "/"])
def test_a_page_that_speaks_from_the_catalogue_says_of_which_day_it_is(path, owner, client):
    assert catalogue_date().isoformat() in client.get(path).text


def test_what_is_known_of_a_column_is_known_on_a_day(owner, client):
    draft = client.post(f"/betas/{CONTEXT}/try/").headers["Location"]
    assert "As known on" not in client.get(draft).text
    tried = client.post("/betas/check/leave-out/", {"header": "made-up-2026-01-01"}).headers["Location"]
    assert f"As known on {catalogue_date()}" in client.get(tried).text
