import pytest

from tests.claude.running_code import KEY, reply
from tests.upstream import Upstream


@pytest.fixture(scope="module")
def upstream():
    with Upstream(reply) as server:
        yield server


@pytest.fixture(scope="module")
def no_certificates(tmp_path_factory):
    return str(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def environment(monkeypatch, no_certificates):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    # Each snippet makes a client of its own; reading the world's certificates takes longer than all the rest of it.
    monkeypatch.setenv("SSL_CERT_DIR", no_certificates)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
