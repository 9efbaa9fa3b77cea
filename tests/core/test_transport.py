"""What leaves this machine in clear is found, in each form that an address can have."""

import pytest

from core.settings import Settings
from core.transport import stays_on_this_machine, transport_reasons

CLEAR = "RATE_LIMIT_STORAGE leads to 10.0.0.9 without TLS: use rediss:// for instance"


@pytest.mark.parametrize(
    "url",
    [
        "redis://10.0.0.9:6379",
        "redis://:pass@10.0.0.9:6379/1?ssl=false",
        "redis+cluster://localhost:7000,10.0.0.9:7000",
        "memcached://10.0.0.9:11211",
        "mongodb://10.0.0.9/counts?tls=false",
    ],
)
def test_counts_on_another_machine_are_sent_in_clear(url: str) -> None:
    assert transport_reasons(counting_at(url)) == [CLEAR]


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "redis://localhost:6379",
        "redis://[::1]:6379",
        "redis://127.0.0.2",
        "redis+unix:///run/redis.sock",
        "rediss://10.0.0.9:6379",
        "redis://10.0.0.9:6379?ssl=true",
        "mongodb://10.0.0.9/counts?tls=true",
    ],
)
def test_counts_stay_here_or_are_sent_encrypted(url: str) -> None:
    assert transport_reasons(counting_at(url)) == []


@pytest.mark.parametrize(
    "host", ["", "localhost", "LOCALHOST.", "shop.localhost", "127.9.9.9", "::1", "/run/pg", "@pg"]
)
def test_this_machine_is_known_by_all_of_its_names(host: str) -> None:
    assert stays_on_this_machine(host)


@pytest.mark.parametrize(
    "host",
    ["db", "10.0.0.1", "::", "0.0.0.0", "localhost.example", "127.0.0.1.example"],  # noqa: S104
)
def test_other_machines_are_not_taken_for_it(host: str) -> None:
    assert not stays_on_this_machine(host)


def counting_at(url: str) -> Settings:
    """Also where the package is missing that such a store needs."""
    return Settings().model_copy(update={"rate_limit_storage": url})
