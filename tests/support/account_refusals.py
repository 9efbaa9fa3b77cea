"""How each refusal of accounts, log-ins and API keys is met."""

from tests.support.scenes import (
    CREDENTIALS,
    LONG_AGO,
    NAME,
    NEW_KEY,
    NEW_USER,
    PROVEN,
    Scene,
    by,
    by_key,
    confirmed,
    empty_order,
    erased,
    just,
    last_admin,
    many_keys,
    order,
    prepared,
    second_user,
    ticket,
    user,
)

BROWSER = "/api/auth/browser"
DEAD_COOKIE = {"Cookie": "nexticket-login=unknown.secret"}
ELSEWHERE = {"Sec-Fetch-Site": "cross-site", **DEAD_COOKIE}

ACCOUNT_SCENES: dict[tuple[str, str], Scene] = {
    ("log_in_browser", "cross_site_request"): prepared(
        call=("POST", f"{BROWSER}/login", None, ELSEWHERE)
    ),
    ("refresh_browser", "cross_site_request"): prepared(
        call=("POST", f"{BROWSER}/refresh", None, ELSEWHERE)
    ),
    ("refresh_browser", "invalid_token"): prepared(
        call=("POST", f"{BROWSER}/refresh", None, DEAD_COOKIE)
    ),
    ("log_out_browser", "cross_site_request"): prepared(
        call=("POST", f"{BROWSER}/logout", None, ELSEWHERE)
    ),
    ("create_user", "role_too_high"): by(
        "staff", call=("POST", "/api/users/", {**NEW_USER, "role": "admin"})
    ),
    ("update_user", "not_allowed"): by("customer", call=("PUT", "/api/users/1", {"role": "admin"})),
    ("refresh_token", "invalid_token"): just(
        "POST", "/api/auth/refresh", {"refresh_token": "unknown"}
    ),
    ("change_password", "invalid_credentials"): by(
        "customer", call=("POST", "/api/auth/password", CREDENTIALS)
    ),
    ("change_password", "password_not_set"): just("POST", "/api/auth/password", CREDENTIALS),
    ("create_api_key", "role_too_high"): by(
        "staff", call=("POST", "/api/auth/api-keys", {"name": "x", "role": "admin"})
    ),
    ("create_api_key", "too_many_api_keys"): prepared(
        many_keys, call=("POST", "/api/auth/api-keys", NEW_KEY)
    ),
    ("list_sessions", "not_by_api_key"): by_key("GET", "/api/auth/sessions"),
    ("end_other_sessions", "not_by_api_key"): by_key("DELETE", "/api/auth/sessions"),
    ("end_session", "not_by_api_key"): by_key("DELETE", "/api/auth/sessions/1"),
    ("end_session", "session_not_found"): by(
        "customer", call=("DELETE", "/api/auth/sessions/7", None)
    ),
    ("delete_api_key", "api_key_not_found"): just("DELETE", "/api/auth/api-keys/1"),
    ("create_user", "username_taken"): prepared(
        user, call=("POST", "/api/users/", {**NEW_USER, "username": "JOHN_DOE"})
    ),
    ("create_user", "email_taken"): prepared(
        user, call=("POST", "/api/users/", {**NEW_USER, "email": "JOHN_DOE@example.com"})
    ),
    ("create_user", "username_reserved"): by(
        "customer", call=("POST", "/api/users/", {**NEW_USER, "username": "Support"})
    ),
    ("get_user_by_username", "user_not_found"): just("GET", "/api/users/username/nobody"),
    ("get_user", "user_not_found"): just("GET", "/api/users/1"),
    ("update_user", "user_not_found"): just("PUT", "/api/users/1", {}),
    ("update_user", "username_taken"): prepared(
        user, second_user, call=("PUT", "/api/users/1", {"username": "Jane"})
    ),
    ("update_user", "email_taken"): prepared(
        user, second_user, call=("PUT", "/api/users/1", {"email": "jane@example.com"})
    ),
    ("update_user", "username_reserved"): by(
        "customer", call=("PUT", "/api/users/1", {"username": "Support", **PROVEN})
    ),
    ("update_user", "password_required"): by("customer", call=("PUT", "/api/users/1", NAME)),
    ("update_user", "invalid_credentials"): by(
        "customer", call=("PUT", "/api/users/1", {**NAME, "current_password": "a wild guess"})
    ),
    ("erase_user", "not_by_api_key"): by_key("POST", "/api/users/1/erase"),
    ("update_user", "not_by_api_key"): by_key("PUT", "/api/users/1", NAME),
    ("update_user", "last_administrator"): prepared(
        last_admin, call=("PUT", "/api/users/1", {"role": "staff"})
    ),
    ("deactivate_user", "last_administrator"): prepared(
        last_admin, call=("PATCH", "/api/users/1/deactivate", None)
    ),
    ("delete_user", "last_administrator"): prepared(
        last_admin, call=("DELETE", "/api/users/1", None)
    ),
    ("update_user", "stale_object"): prepared(
        user, call=("PUT", "/api/users/1", {"full_name": "x", **LONG_AGO})
    ),
    ("update_user", "user_erased"): prepared(
        user, erased, call=("PUT", "/api/users/1", {"full_name": "x"})
    ),
    ("activate_user", "user_erased"): prepared(
        user, erased, call=("PATCH", "/api/users/1/activate", None)
    ),
    ("export_user", "user_not_found"): just("GET", "/api/users/1/export"),
    ("erase_user", "user_not_found"): just("POST", "/api/users/1/erase"),
    ("erase_user", "last_administrator"): by("admin", call=("POST", "/api/users/1/erase", None)),
    ("erase_user", "user_has_open_orders"): prepared(
        user, ticket, order, confirmed, call=("POST", "/api/users/1/erase", None)
    ),
    ("delete_user", "user_not_found"): just("DELETE", "/api/users/1"),
    ("delete_user", "user_has_orders"): prepared(
        user, empty_order, call=("DELETE", "/api/users/1", None)
    ),
    ("deactivate_user", "user_not_found"): just("PATCH", "/api/users/1/deactivate"),
    ("activate_user", "user_not_found"): just("PATCH", "/api/users/1/activate"),
}
