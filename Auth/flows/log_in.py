"""Logging in: the password is compared first, and then all is one transaction."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Response

from Auth.attempts import Attempts, account_of
from core.errors import DomainError
from core.schemas import as_json
from User.flows.proof import Verifies, with_proof
from User.services import (
    account_service,
    log_in_service,
    login_place_service,
    second_factor_service,
)
from User.services.devices import device_of
from User.services.factor_seal import FactorSeal
from User.services.log_in_service import Granted
from User.services.proof_service import Proof
from User.services.tokens import TokenSigner
from work.context import Context
from work.unit_of_work import UnitOfWork

# Longer than any name or address is: what is longer is nobody's, and not worth to be looked at.
_LONGEST = 320


@dataclass(frozen=True)
class Shown:
    """What somebody shows to be let in."""

    username: str
    password: str
    # Of the second factor, where the account has one.
    otp: str | None


@dataclass(frozen=True)
class Means:
    """What a log-in is judged and opened with."""

    attempts: Attempts
    hasher: Verifies
    signer: TokenSigner
    seal: FactorSeal


def as_tokens(granted: Granted) -> Response:
    return Response(as_json(granted.tokens), media_type="application/json")


async def log_in_with_password(
    work: UnitOfWork,
    shown: Shown,
    means: Means,
    *,
    told: Callable[[Granted], Response] = as_tokens,
    replaced: str | None = None,
) -> Response:
    """Tokens for the right password; an unknown user takes as long and is told the same.

    A refresh token that is ``replaced`` by them ends with its log-in, which nobody could end later.
    """
    username, attempts = shown.username[:_LONGEST], means.attempts
    await _count(work, username, attempts)
    device = device_of(work.headers.get("user-agent"))

    def demand(context: Context, proof: Proof) -> DomainError | bool:
        return second_factor_service.check(context, proof.user_id, shown.otp, seal=means.seal)

    def opened(context: Context, proof: Proof) -> Response | DomainError:
        granted = log_in_service.log_in(
            context, proof, device=device, demand=demand, signer=means.signer
        )
        if isinstance(granted, DomainError):
            return granted
        login_place_service.remember(context, proof.user_id, attempts.places[0])
        if replaced is not None:
            log_in_service.close_log_in(context, replaced)
        return told(granted)

    async def open_log_in(proof: Proof) -> Response:
        return await work.answer(lambda context: opened(context, proof))

    return await with_proof(
        work,
        lambda context: account_service.find_account(context, username),
        shown.password,
        open_log_in,
        hasher=means.hasher,
    )


def refreshed(
    context: Context,
    refresh_token: str,
    signer: TokenSigner,
    told: Callable[[Granted], Response] = as_tokens,
) -> Response | DomainError:
    """The next tokens for a refresh token."""
    granted = log_in_service.refresh(context, refresh_token, signer=signer)
    return granted if isinstance(granted, DomainError) else told(granted)


async def _count(work: UnitOfWork, name: str, attempts: Attempts) -> None:
    """Count an attempt on the account of a name, before anything is compared."""
    user_id, is_known_here = await work.steps.read(lambda context: _find(context, name, attempts))
    await attempts.count(account_of(user_id, name), is_known_here=is_known_here)


def _find(context: Context, name: str, attempts: Attempts) -> tuple[int | None, bool]:
    """Whose name it is, and whether they logged in from here before."""
    account = account_service.find_account(context, name)
    user_id = None if account is None else account.user_id
    # Of a name that nobody has as much is asked, so that it takes as long.
    return user_id, login_place_service.is_known(context, user_id or 0, attempts.places)
