"""What is kept about a person: told to them, erased when they want, and not kept for ever."""

from Privacy.routers import privacy
from Privacy.services.retention_service import (
    forget_ended_log_ins,
    forget_old_audit,
    forget_unsold_notes,
)
from work.domain import Domain

DOMAIN = Domain(
    routers=[privacy.router],
    tags={"Privacy": "What is kept about a person: told, and erased."},
    chores=[forget_ended_log_ins, forget_unsold_notes, forget_old_audit],
)
