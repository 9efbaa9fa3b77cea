"""Where a request comes from, behind no proxy, one or many."""

from ipaddress import ip_network
from typing import Any

import pytest

from Auth.addresses import UNKNOWN, client_address, household

CLIENT, PROXY, BALANCER = "203.0.113.7", "10.0.0.1", "10.0.0.2"
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def address(peer: str | None, *forwarded: str, trusted: tuple[Any, ...] = TRUSTED) -> str:
    """The client's address of a request with these ``X-Forwarded-For`` headers."""
    scope = {
        "type": "http",
        "client": None if peer is None else (peer, 40000),
        "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
    }
    return client_address(scope, trusted)


class TestWithoutProxy:
    def test_it_is_the_peer(self) -> None:
        assert address(CLIENT) == CLIENT

    def test_nobody_forges_it(self) -> None:
        assert address(CLIENT, "198.51.100.1") == CLIENT

    def test_no_proxy_is_trusted_by_itself(self) -> None:
        assert address("127.0.0.1", CLIENT, trusted=()) == "127.0.0.1"

    def test_a_socket_of_the_file_system_has_none(self) -> None:
        assert address(None, CLIENT) == UNKNOWN

    @pytest.mark.parametrize("peer", ["testclient", "junk", "1.2.3", ""])
    def test_all_peers_that_are_no_address_count_as_one(self, peer: str) -> None:
        assert address(peer, CLIENT) == UNKNOWN


class TestBehindTrustedProxies:
    def test_it_is_whom_the_proxy_saw(self) -> None:
        assert address(PROXY, CLIENT) == CLIENT

    def test_it_is_whom_the_outermost_of_many_saw(self) -> None:
        assert address(PROXY, f"{CLIENT}, {BALANCER}") == CLIENT

    def test_what_the_client_wrote_left_of_it_does_not_count(self) -> None:
        assert address(PROXY, f"198.51.100.1, {CLIENT}, {BALANCER}") == CLIENT

    def test_many_headers_are_one_list(self) -> None:
        assert address(PROXY, f"198.51.100.1, {CLIENT}", BALANCER) == CLIENT

    def test_it_is_the_first_if_all_are_trusted(self) -> None:
        assert address(PROXY, f"{BALANCER}, 10.0.0.3") == BALANCER

    def test_it_is_the_proxy_if_that_tells_nothing(self) -> None:
        assert address(PROXY) == PROXY

    @pytest.mark.parametrize("nonsense", ["unknown", "", "_hidden", "1.2.3", "10.0.0.1.example"])
    def test_nonsense_ends_the_search(self, nonsense: str) -> None:
        assert address(PROXY, f"{CLIENT}, {nonsense}, {BALANCER}") == BALANCER

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("203.0.113.7:5678", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:5678", "2001:db8::7"),
            ("2001:0DB8:0:0::7", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ],
    )
    def test_one_address_has_one_name(self, written: str, meant: str) -> None:
        assert address(PROXY, written) == meant

    def test_a_list_that_is_too_long_to_be_remembered_is_read_all_the_same(self) -> None:
        long = ", ".join([f"198.51.100.{n}" for n in range(100)] + [CLIENT])
        assert address(PROXY, long) == CLIENT

    @pytest.mark.parametrize("proxy", ["fd00::1", "::ffff:10.0.0.1"])
    def test_a_proxy_is_known_in_both_kinds_of_addresses(self, proxy: str) -> None:
        assert address(proxy, CLIENT) == CLIENT


class TestHousehold:
    def test_of_ipv4_is_one_address(self) -> None:
        assert household(CLIENT) == CLIENT

    def test_of_ipv6_is_a_network(self) -> None:
        assert household("2001:db8::1") == household("2001:db8::ffff:1") == "2001:db8::/64"
        assert household("2001:db8:0:1::1") != household("2001:db8::1")

    def test_of_no_address_is_its_name(self) -> None:
        assert household(UNKNOWN) == UNKNOWN
