"""What the routes of accounts share in a process: the hasher of passwords, and who signs tokens."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import State

from core.clock import Clock
from core.settings import Settings
from User.services.hashing import PasswordHasher
from User.services.tokens import TokenSigner


def equip(state: State, settings: Settings, _clock: Clock) -> None:
    state.hasher = PasswordHasher(
        memory_kib=settings.password_hash_memory_kib, iterations=settings.password_hash_iterations
    )
    state.signer = TokenSigner(settings)


async def _hasher(request: Request) -> PasswordHasher:
    hasher: PasswordHasher = request.app.state.hasher
    return hasher


async def _signer(request: Request) -> TokenSigner:
    signer: TokenSigner = request.app.state.signer
    return signer


Hasher = Annotated[PasswordHasher, Depends(_hasher)]
Signer = Annotated[TokenSigner, Depends(_signer)]
