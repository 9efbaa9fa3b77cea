"""The test provider that a development service serves itself: somebody else at our address."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core import deadline
from core.settings import Settings
from main import create_app
from test_payments.provider import PUBLISHABLE_KEY
from tests.support.card_payments import (
    ADDRESS,
    BY_PAGE,
    Buyer,
    all_is_told,
    forget_all,
    in_the_loop,
    second_party,
    send,
)
from tests.support.client import Api
from tests.support.paying import look_after
from tests.support.service import (
    Service,
    fresh_database,
    local_client,
    running_service,
    settings_for,
)
from tests.support.sockets import until

SUCCESS = "4242424242424242"
SHOP = "https://shop.example"


@pytest.fixture
def buyer(api: Api, service: Service) -> Iterator[Buyer]:
    yield Buyer(api, service, BY_PAGE, SUCCESS)
    forget_all(service)


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, worker_name: str, tmp_path: Path
) -> Iterator[Settings]:
    """Of a service of its own, whose provider keeps what it knows where the test can see it."""
    with fresh_database("sqlite", request, worker_name) as url:
        yield settings_for(url, test_payments_file=str(tmp_path / "payments.db"))


class TestThePage:
    def test_is_where_the_buyer_has_reached_the_service(self, buyer: Buyer) -> None:
        order = buyer.order()
        body = {"order_id": order["id"], "payment_method": BY_PAGE}
        there = buyer.api.having({"Host": "127.0.0.1:8443"})
        payment = there.post("/api/transactions/", body)
        address = f"http://127.0.0.1:8443{ADDRESS}/pay/{payment['provider_reference']}"
        assert payment["next_action"] == {"type": "redirect", "url": address}

    def test_is_below_the_prefix_of_a_proxy(self, buyer: Buyer) -> None:
        body = {"order_id": buyer.order()["id"], "payment_method": BY_PAGE}

        async def begin_and_look() -> tuple[str, int]:
            transport = httpx2.ASGITransport(buyer.service.app, root_path="/shop")
            async with httpx2.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                payment = await client.post("/shop/api/transactions/", json=body)
                url = payment.json()["next_action"]["url"]
                return url, (await client.get(url)).status_code

        url, status = in_the_loop(buyer.service, begin_and_look)
        assert url.startswith(f"http://localhost/shop{ADDRESS}/pay/")
        assert status == 200

    def test_of_a_payment_that_nobody_waited_for_is_told_without_a_host(self, buyer: Buyer) -> None:
        payment = not_begun(buyer)
        buyer.api.clock.advance(seconds=31)
        assert look_after(buyer.service) == 1
        url = buyer.api.again(payment, "transactions")["next_action"]["url"]
        assert url.startswith(f"{ADDRESS}/pay/")
        assert buyer.service.client.get(url).status_code == 200

    def test_of_a_payment_that_its_buyer_asks_about_has_a_host(self, buyer: Buyer) -> None:
        url = buyer.sync(not_begun(buyer))["next_action"]["url"]
        assert url.startswith(f"http://localhost{ADDRESS}/pay/")


def not_begun(buyer: Buyer) -> Any:
    """A payment that the provider has not heard of, as it was down."""
    order = buyer.order()
    send(buyer.service, "POST", "/v1/faults", {"answers": "down"})
    body = {"order_id": order["id"], "payment_method": BY_PAGE}
    problem = buyer.api.refused("POST", "/api/transactions/", body)
    assert problem["code"] == "payment_provider_unavailable"
    send(buyer.service, "DELETE", "/v1/faults")
    return {"id": problem["transaction_id"]}


class TestWhatItAnswers:
    def test_has_its_own_headers_and_none_of_ours(self, buyer: Buyer) -> None:
        answer = buyer.service.client.get(buyer.begin(buyer.order())["next_action"]["url"])
        assert answer.status_code == 200
        policies = answer.headers.get_list("content-security-policy")
        assert [policy.partition(";")[0] for policy in policies] == ["default-src 'none'"]
        assert "form-action 'self'" in policies[0]
        assert "x-request-id" not in answer.headers

    def test_is_for_front_ends_of_every_origin(self, settings: Settings) -> None:
        """Also where the service itself is for some."""
        app = create_app(settings.model_copy(update={"cors_origins": (SHOP,)}))
        with local_client(app) as client:
            headers = {"Origin": SHOP, "Authorization": f"Bearer {PUBLISHABLE_KEY}"}
            answer = client.get(f"{ADDRESS}/v1/faults", headers=headers)
            assert answer.headers.get_list("access-control-allow-origin") == ["*"]

    def test_is_no_part_of_the_contract(self, api: Api) -> None:
        assert not [path for path in api.document["paths"] if "test-payments" in path]


class TestWhatItTells:
    def test_has_its_own_time_and_not_what_is_left_of_who_paid(self, buyer: Buyer) -> None:
        order = buyer.order()
        payment = buyer.begin(order)

        async def begin_anew_when_time_is_up() -> None:
            background = second_party(buyer.service).background
            await background.close()
            with deadline.within(-1):
                background.wake()

        in_the_loop(buyer.service, begin_anew_when_time_is_up)
        buyer.pay(payment)
        until(lambda: buyer.api.again(order, "orders")["status"] == "confirmed")


class TestServing:
    @pytest.mark.parametrize(
        "changes",
        [
            {"payment_providers": ()},
            {"payment_providers": None, "environment": "staging"},
            {"environment": "production"},
            {"test_payments_url": "http://localhost:8900"},
        ],
    )
    def test_is_for_development_and_where_no_other_is_named(
        self, settings: Settings, changes: dict[str, Any]
    ) -> None:
        app = create_app(settings.model_copy(update=changes))
        with local_client(app) as client:
            answer = client.get(f"{ADDRESS}/health/ready")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        "changes",
        [
            {"payment_providers": None, "environment": "development"},
            {"payment_providers": ("test_confirm",), "environment": "staging"},
        ],
    )
    def test_needs_no_setting_in_development(
        self, settings: Settings, changes: dict[str, Any]
    ) -> None:
        app = create_app(settings.model_copy(update=changes))
        with local_client(app) as client:
            assert client.get(f"{ADDRESS}/health/ready").json() == {"status": "ok"}

    def test_keeps_nothing_until_somebody_pays(self, settings: Settings) -> None:
        file = Path(settings.test_payments_file)
        with running_service(settings) as service:
            api = Api(service.client, service.clock, service.app)
            api.get("/api/payments/methods")
            buyer = Buyer(api, service, BY_PAGE, SUCCESS)
            order = buyer.order()
            assert not file.exists()
            buyer.begin(order)
            assert file.exists()

    def test_ends_with_the_service_and_begins_again_with_it(self, settings: Settings) -> None:
        app = create_app(settings)
        for username in ("john", "jane"):
            with local_client(app) as client:
                service = Service(app, client, app.state.database, settings, app.state.clock)
                api = Api(client, app.state.clock, app)
                order = api.order(api.user(username), (api.ticket(price=10), 1))
                buyer = Buyer(api, service, BY_PAGE, SUCCESS)
                buyer.pay(payment := buyer.begin(order))
                until(lambda: all_is_told(service))  # noqa: B023 - within the same round
                assert api.again(payment, "transactions")["status"] == "success"
                provider = second_party(service)
            assert not provider.background._tasks
            assert provider.store._opened is None

    def test_in_several_processes_is_one_provider(self, settings: Settings) -> None:
        """As they are started by one server, and so sign with one key."""
        apps = [create_app(settings) for _ in range(2)]
        with local_client(apps[0]) as one, local_client(apps[1]) as other:
            service = Service(apps[0], one, apps[0].state.database, settings, apps[0].state.clock)
            api = Api(one, apps[0].state.clock, apps[0])
            buyer = Buyer(api, service, BY_PAGE, SUCCESS)
            payment = buyer.begin(api.order(api.user(), (api.ticket(), 1)))
            other.post(payment["next_action"]["url"], data={"card": SUCCESS})
            until(lambda: api.again(payment, "transactions")["status"] == "success")
