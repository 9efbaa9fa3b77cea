"""Whoever a provider answers in one moment, the event loop looks around between any two."""

import asyncio

from Payment.flows.asking import Providers

CROWD = 20


async def turns_of_a_crowd() -> list[int]:
    """In which turn of the event loop each went on whom the provider has answered."""
    providers = Providers({}, seconds=5, currency="USD")
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    turn, went_on = 0, []

    def count() -> None:
        nonlocal turn
        turn += 1
        asyncio.get_running_loop().call_soon(count)

    async def pay() -> None:
        said = await providers.ask("test", asyncio.shield(answer), transaction_id=1)
        assert said == "begun"
        went_on.append(turn)

    buyers = [asyncio.create_task(pay()) for _ in range(CROWD)]
    await asyncio.sleep(0)
    count()
    answer.set_result("begun")
    await asyncio.gather(*buyers)
    return went_on


def test_each_goes_on_in_a_turn_of_its_own() -> None:
    assert len(set(asyncio.run(turns_of_a_crowd()))) == CROWD
