"""Why the stock of tickets moves without any order."""

from enum import StrEnum


class Cause(StrEnum):
    TICKET_CREATED = "ticket_created"
    TICKET_CHANGED = "ticket_changed"
    TICKET_DELETED = "ticket_deleted"
