"""Who asks, and whether they may: log-in over HTTP, the gatekeeper, and limits of rate."""

from Auth.equipment import equip
from Auth.openapi import amend_with_rights
from Auth.routers import auth, browser, second_factor, session
from core.http.security_headers import Caching
from work.domain import Domain

DOMAIN = Domain(
    routers=[auth.router, browser.router, second_factor.router, session.router],
    tags={"Auth": "Log-in, sessions, tokens, passwords, second factors and API keys."},
    caching={"/api/auth": Caching.NEVER},
    equip=equip,
    amend=amend_with_rights,
)
