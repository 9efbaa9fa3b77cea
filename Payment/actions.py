"""What is done about refunds that the audit remembers."""

from enum import StrEnum


class Action(StrEnum):
    REFUND_RETRIED = "refund_retried"
    # The box office gave back itself what a provider did not.
    REFUND_SETTLED_BY_HAND = "refund_settled_by_hand"
