"""What is done with the books that the audit remembers."""

from enum import StrEnum


class Action(StrEnum):
    # On the command line; what a server folds by itself is upkeep.
    LEDGER_FOLDED = "ledger_folded"
    # By the box office; of each order and its stock the ledger tells.
    HOLDS_RELEASED = "holds_released"
    # What a provider settles, by a person; with the reason.
    SETTLED_BY_HAND = "settled_by_hand"
