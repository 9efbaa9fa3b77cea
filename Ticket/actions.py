"""What is done to tickets that the audit remembers; of their stock the ledger tells."""

from enum import StrEnum


class Action(StrEnum):
    TICKET_CHANGED = "ticket_changed"
    TICKET_DELETED = "ticket_deleted"
