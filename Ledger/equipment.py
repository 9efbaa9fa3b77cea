"""What the routes of the books share: the rules that all domains bring."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from work.domain import Domains
from work.rules import Rule


async def _rules(request: Request) -> Sequence[Rule]:
    domains: Domains = request.app.state.domains
    return domains.rules


Rules = Annotated[Sequence[Rule], Depends(_rules)]
