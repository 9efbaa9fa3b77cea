"""What is wrong with the provider as a whole, for a while: set over its API, for rehearsals."""

import random
from dataclasses import asdict, dataclass, replace

from test_payments.cards import CARDS, Card, Telling, Trouble
from test_payments.store import Store

# Nobody has to start it anew because somebody has forgotten to end them.
LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Faults:
    # Until when they last.
    ends_at: float = 0
    answers: Trouble | None = None
    webhooks: Telling | None = None
    # How many of the answers and of the webhooks they concern, as a fraction.
    chance: float = 1.0
    # With which payments are paid as they are made, and how many of them still.
    card: str = ""
    times: int = 0

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with this answer."""
        return self.answers if random.random() < self.chance else None

    @property
    def telling(self) -> Telling | None:
        """How the shop is told this, whatever the card says."""
        return self.webhooks if random.random() < self.chance else None


NONE = Faults()


def faults_now(store: Store, now: float) -> Faults:
    said = store.faults()
    if now >= said.get("ends_at", 0):
        return NONE
    answers, webhooks = said["answers"], said["webhooks"]
    known = {"answers": answers and Trouble(answers), "webhooks": webhooks and Telling(webhooks)}
    return Faults(**{**said, **known})


def set_faults(store: Store, faults: Faults) -> None:
    store.set_faults(asdict(faults))


def take_card(store: Store, now: float) -> Card | None:
    """The card that pays what is made now, within a transaction."""
    faults = faults_now(store, now)
    if not faults.times:
        return None
    set_faults(store, replace(faults, times=faults.times - 1))
    return CARDS[faults.card]
