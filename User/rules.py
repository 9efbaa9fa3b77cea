"""Which names nobody may take, for they would be taken for somebody else."""

from core.text import account_key

# Under which the service itself acts.
_OURS = {
    "anonymous",
    "cli",
    "commandline",
    "migration",
    "migrations",
    "nexticket",
    "nobody",
    "provider",
    "sweep",
    "sweeper",
    "system",
    "webhook",
    "webhooks",
}
# Whom customers trust. Administrators may give them to those who do this.
_OF_THE_HOUSE = {
    "admin",
    "administrator",
    "boxoffice",
    "cashier",
    "help",
    "helpdesk",
    "moderator",
    "noreply",
    "official",
    "operator",
    "owner",
    "postmaster",
    "refunds",
    "root",
    "security",
    "service",
    "staff",
    "superuser",
    "support",
    "webmaster",
}


def is_reserved(username: str, *, by_administrator: bool) -> bool:
    """Dots, hyphens and underscores do not make another name of it."""
    name = account_key(username).translate(_MARKS)
    return name in _OURS or (name in _OF_THE_HOUSE and not by_administrator)


_MARKS = str.maketrans("", "", "._-")
