"""The provider in processes of its own, and somebody whom it tells."""

from collections.abc import Iterator

import pytest

from tests.support.ear import Ear, listening_ear
from tests.support.payments_provider import ProviderProcess, running_provider


@pytest.fixture(scope="session")
def ear() -> Iterator[Ear]:
    with listening_ear() as ear:
        yield ear


@pytest.fixture(scope="session")
def running(ear: Ear, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    """Two processes on one file: whatever one has done, the other one knows."""
    folder = tmp_path_factory.mktemp("payments")
    with running_provider(folder, f"{ear.url}/hear/{{channel}}", workers=2) as provider:
        yield provider


@pytest.fixture
def provider(running: ProviderProcess) -> Iterator[ProviderProcess]:
    yield running
    running.end_faults()
