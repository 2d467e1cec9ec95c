"""Where a name may lead is judged by the address that is then connected to."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.addresses import LINK_LOCAL, NO_HOST, PRIVATE, THIS_MACHINE, place_of
from betaconsole.claude.errors import AddressRefused, NotSent, TlsFailed
from tests.claude.asking import Running, a_call, ask
from tests.claude.certificates import certificate
from tests.environment import OutsideWorld
from tests.names import names
from tests.upstream import Upstream, answer, read, send

__all__ = ["certificate", "names"]

ON_THE_INTERNET = ["8.8.8.8", "160.79.104.10", "2607:6bc0::10", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]
ELSEWHERE = {
    "127.0.0.1": THIS_MACHINE,
    "127.8.8.8": THIS_MACHINE,
    "0.0.0.0": THIS_MACHINE,
    "::1": THIS_MACHINE,
    "::": THIS_MACHINE,
    "::ffff:127.0.0.1": THIS_MACHINE,
    "2002:7f00:1::": THIS_MACHINE,
    "64:ff9b::7f00:1": THIS_MACHINE,
    "10.0.0.1": PRIVATE,
    "172.16.0.1": PRIVATE,
    "192.168.1.1": PRIVATE,
    "100.64.0.1": PRIVATE,
    "198.18.0.1": PRIVATE,
    "::ffff:10.0.0.1": PRIVATE,
    "fd00::1": PRIVATE,
    "fec0::1": PRIVATE,
    "2001:db8::1": PRIVATE,
    "2001::1": PRIVATE,
    "64:ff9b:1::1": PRIVATE,
    "169.254.169.254": LINK_LOCAL,
    "::ffff:169.254.169.254": LINK_LOCAL,
    "64:ff9b::a9fe:a9fe": LINK_LOCAL,
    "fe80::1%eth0": LINK_LOCAL,
    "224.0.0.1": NO_HOST,
    "255.255.255.255": NO_HOST,
    "240.0.0.1": NO_HOST,
    "ff02::1": NO_HOST,
}
SPELLINGS = ["127.0.0.1", "[::1]", "0", "0x7f.1", "2130706433", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::]"]


def failure(url: str, **options: Any) -> BaseException | None:
    call = a_call(url, **options)
    error = Running(call).finish().error
    assert not call.write_began
    return error


class TestPlaces:
    @pytest.mark.parametrize("address", ON_THE_INTERNET)
    def test_an_address_of_the_internet_is_one(self, address):
        assert place_of(address) == ""

    @pytest.mark.parametrize(("address", "place"), ELSEWHERE.items())
    def test_any_other_address_is_told_by_where_it_is(self, address, place):
        assert place_of(address) == place

    @given(st.ip_addresses(v=4))
    def test_every_way_to_write_an_ipv4_address_in_ipv6_is_that_address(self, inner):
        nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(inner))
        mapped = ipaddress.IPv6Address(0xFFFF << 32 | int(inner))
        assert place_of(str(nat64)) == place_of(str(mapped)) == place_of(str(inner))
        assert inner.is_global or place_of(str(inner))

    @given(st.ip_addresses(v=6))
    def test_what_is_taken_for_the_internet_is_global(self, address):
        assert place_of(str(address)) or address.is_global or address.ipv4_mapped or address.sixtofour


class TestWhereANameLeads:
    def test_u24_b16_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(self, names):
        """DNS rebinding: the internet when it is looked at, this machine when it is asked again."""
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            resolver = names("8.8.8.8", "127.0.0.1")
            error = failure(f"http://rebinding.example:{upstream.port}", internal=False)
            assert upstream.connections == 0
        assert isinstance(error, OutsideWorld)  # the suite's own wall: it was on its way to the checked address
        assert "8.8.8.8" in str(error)
        assert resolver.asked == 1

    def test_u24_b16_a_name_that_leads_inside_is_refused_before_a_connection(self, names):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            names(["127.0.0.1", "::1"])
            error = failure(f"http://inside.example:{upstream.port}", internal=False)
            assert upstream.connections == 0
        assert isinstance(error, AddressRefused)
        assert (error.kind, error.state) == ("not_sent", "failed")
        for said in (
            "inside.example",
            "127.0.0.1",
            "this machine",
            "Nothing was sent",
            "BETACONSOLE_ALLOWED_BASE_URLS",
        ):
            assert said in error.message

    def test_u24_b16_of_several_addresses_only_those_it_may_have_are_tried(self, names):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            names(["127.0.0.1", "8.8.8.8"])
            error = failure(f"http://both.example:{upstream.port}", internal=False)
            assert upstream.connections == 0
        assert isinstance(error, OutsideWorld)

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_b16_no_spelling_of_this_machine_gets_past(self, spelling):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            error = failure(f"http://{spelling}:{upstream.port}", internal=False)
            assert upstream.connections == 0
        assert isinstance(error, NotSent)

    @pytest.mark.parametrize("address", [one for one in ELSEWHERE if "%" not in one])
    def test_b16_no_address_beside_the_internet_is_connected_to(self, names, address):
        names(address)
        assert isinstance(failure("https://api.example", internal=False), AddressRefused)

    @pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "224.0.0.1"])
    def test_b16_where_clouds_keep_their_metadata_no_name_leads(self, names, address):
        names(address)
        error = failure("https://gateway.example", internal=True)
        assert isinstance(error, AddressRefused)
        assert address in error.message

    def test_a_host_that_the_operator_named_may_be_inside(self, names):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            names("127.0.0.1")
            assert ask(f"http://gateway.example:{upstream.port}", internal=True)[1] == b"{}"
            assert upstream.requests[0].header("host") == f"gateway.example:{upstream.port}"

    def test_u24_u25_the_certificate_asked_for_and_checked_is_the_names(self, names, certificate):
        """Connected to by its address, called by its name: SNI, certificate and Host."""
        context, bundle = certificate("gateway.example")
        called: list[str | None] = []
        context.sni_callback = lambda sock, name, context: called.append(name)
        with Upstream([read(), send(answer(b"{}"))], tls=context) as upstream:
            names("127.0.0.1")
            assert ask(f"https://gateway.example:{upstream.port}", verify=bundle)[1] == b"{}"
            error = failure(f"https://other.example:{upstream.port}", verify=bundle)
            assert [request.header("host") for request in upstream.requests] == [f"gateway.example:{upstream.port}"]
        assert isinstance(error, TlsFailed)
        assert "other.example" in error.message
        assert called == ["gateway.example", "other.example"]

    def test_u26_with_a_proxy_the_proxy_looks_names_up(self, names):
        with Upstream([read(), send(answer(b"{}"))]) as proxy:
            resolver = names("127.0.0.1")
            assert ask("http://api.example", proxy=f"http://proxy.example:{proxy.port}", internal=False)[1] == b"{}"
            assert proxy.requests[0].line == "POST http://api.example/v1/messages HTTP/1.1"
        assert resolver.asked == 1  # for the proxy, which may be inside
