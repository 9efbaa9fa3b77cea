"""What the routes of accounts share in a process: the hasher of passwords, and who signs tokens."""

from typing import Annotated, Protocol

from fastapi import Depends, Request
from starlette.datastructures import State
from starlette.types import Scope

from core.clock import Clock
from core.settings import Settings
from User.flows.change_user import CountChange
from User.services.factor_seal import FactorSeal
from User.services.hashing import PasswordHasher
from User.services.tokens import TokenSigner


def equip(state: State, settings: Settings, _clock: Clock) -> None:
    state.hasher = PasswordHasher.of(settings)
    state.signer = TokenSigner(settings)
    state.factor_seal = FactorSeal(settings)


async def _hasher(request: Request) -> PasswordHasher:
    hasher: PasswordHasher = request.app.state.hasher
    return hasher


async def _signer(request: Request) -> TokenSigner:
    signer: TokenSigner = request.app.state.signer
    return signer


async def _seal(request: Request) -> FactorSeal:
    seal: FactorSeal = request.app.state.factor_seal
    return seal


class Limiter(Protocol):
    """Who counts how often something is done; see ``Auth.limits``."""

    async def admit_account_change(self, scope: Scope, user_id: int) -> None: ...


async def _count_change(request: Request) -> CountChange:
    limiter: Limiter = request.app.state.limiter
    return lambda user_id: limiter.admit_account_change(request.scope, user_id)


AccountChanges = Annotated[CountChange, Depends(_count_change)]
Hasher = Annotated[PasswordHasher, Depends(_hasher)]
Seal = Annotated[FactorSeal, Depends(_seal)]
Signer = Annotated[TokenSigner, Depends(_signer)]
