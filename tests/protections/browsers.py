"""The protections of log-ins that a browser keeps."""

from tests.protections.removing import Edit, Protection

COOKIE = "Auth/flows/browser_cookie.py"
CREDENTIALS = "Auth/credentials.py"
EQUIPMENT = "Auth/equipment.py"
FLOW = "Auth/flows/browser.py"
TESTS = "tests/Auth/test_browser.py"
SITES = "tests/Auth/test_browser_sites.py"
ATTRIBUTES = (
    f"{TESTS}::TestLogIn::test_goes_on_by_a_cookie_that_is_sent_to_this_site_by_this_site_alone"
)

OF_BROWSERS = (
    Protection(
        "no page of another site uses what a browser keeps",
        [
            Edit(
                EQUIPMENT,
                "    if not is_asked_by_own_page(request.scope, settings.cors_origins):\n"
                "        raise CrossSiteRequestError\n",
            )
        ],
        f"{SITES}::TestPageOfAnotherSite",
    ),
    Protection(
        "another host of the same domain is another site unless it is listed",
        [Edit(CREDENTIALS, 'or (site == "same-site" and is_listed)', 'or site == "same-site"')],
        f"{SITES}::TestPageOfAnotherSite",
    ),
    Protection(
        "where browsers do not say whether it is the same site, the origin is looked at",
        [Edit(CREDENTIALS, "return not origin or is_listed or origin in own", "return bool(own)")],
        f"{SITES}::TestPageOfAnotherSite",
    ),
    Protection(
        "with all origins allowed none may use what a browser keeps",
        [Edit(CREDENTIALS, ' and "*" not in cors_origins')],
        f"{SITES}::TestListedOrigin",
    ),
    Protection(
        "no script reads what a log-in goes on with",
        [Edit(COOKIE, "httponly=True", "httponly=False")],
        ATTRIBUTES,
    ),
    Protection(
        "browsers send the cookie for pages of this site alone",
        [Edit(COOKIE, 'samesite="strict"', 'samesite="lax"')],
        ATTRIBUTES,
    ),
    Protection(
        "what came by HTTPS goes by nothing else",
        [Edit(COOKIE, "            secure=self.is_secure,\n")],
        ATTRIBUTES,
    ),
    Protection(
        "in production nothing is kept that goes in clear",
        [Edit(EQUIPMENT, "is_production or request.scope", "request.scope")],
        f"{SITES}::TestSecure",
    ),
    Protection(
        "no other host of the domain puts its log-in in a browser",
        [
            Edit(
                COOKIE,
                "return SECURE_COOKIE if is_secure else PLAIN_COOKIE",
                "return PLAIN_COOKIE if is_secure else PLAIN_COOKIE",
            )
        ],
        f"{TESTS}::TestCookie",
    ),
    Protection(
        "of two cookies of one name none is believed",
        [Edit(COOKIE, "len(self.said) != 1 or not", "not self.said or not")],
        f"{TESTS}::TestCookie::test_that_is_there_twice_is_neither",
    ),
    Protection(
        "a cookie is no authority but for its own routes",
        [Edit(CREDENTIALS, 'if name == b"authorization":', 'if name.endswith((b"n", b"cookie")):')],
        f"{SITES}::TestAuthority",
    ),
    Protection(
        "attempts by both ways to log in are counted in one place",
        [
            Edit(
                "Auth/limits.py",
                '{"/api/auth/token", "/api/auth/browser/login"}',
                '{"/api/auth/token"}',
            )
        ],
        f"{SITES}::TestAttempts",
    ),
    Protection(
        "a log-in that nobody could end any more ends with the next one",
        [
            Edit(
                "Auth/flows/log_in.py",
                "            log_in_service.close_log_in(context, replaced)\n",
                "            pass\n",
            )
        ],
        f"{TESTS}::TestLogIn",
    ),
    Protection(
        "what a browser keeps is stored under no key",
        [
            Edit(
                "Auth/routers/browser.py",
                "@repeatable\nasync def log_in_browser(",
                "async def log_in_browser(",
            )
        ],
        f"{TESTS}::TestLogIn",
    ),
)
