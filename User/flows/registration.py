"""Registering: the password is hashed first, which takes long, and then all is one transaction.

A crash in between leaves nothing behind.
"""

from typing import Protocol

from fastapi import Response

from User.schemas.user import UserCreate
from User.services import user_service
from work.unit_of_work import UnitOfWork


class Hashes(Protocol):
    async def hash(self, password: str) -> str: ...


async def register(work: UnitOfWork, body: UserCreate, hasher: Hashes) -> Response:
    """Make an account; without a password nobody can log in to it."""
    hashed = await hasher.hash(body.password) if body.password else None
    return await work.create(
        lambda context: user_service.register_user(context, body, password_hash=hashed)
    )
