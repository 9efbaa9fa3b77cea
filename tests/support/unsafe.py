"""What production refuses, for what reason, and what it takes."""

import secrets

from core.settings import Settings

GOOD_KEY = secrets.token_urlsafe(32)
OTHER_KEY = secrets.token_urlsafe(32)
PLACEHOLDERS = [
    "change-me",
    "CHANGE_ME_change_me_CHANGE_ME_change_me",
    "changeme-changeme-changeme-changeme",
    "please change this before you go live!",
    "your-secret-key-here-at-least-32-characters",
    "your-super-secret-key-change-in-production",
    "put-the-secret-here-0123456789-abcdef",
    "a-placeholder-of-more-than-32-characters",
    "replace-with-openssl-rand-hex-32-output",
    "0" * 64,
    "abcabcabcabcabcabcabcabcabcabcabcabc",
]
# What makes each configuration unsafe, and the line that says so.
UNSAFE = [
    ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
    ({"SECRET_KEY": "   "}, "SECRET_KEY is missing"),
    ({"SECRET_KEY": GOOD_KEY[:31]}, "SECRET_KEY is shorter than 32 bytes"),
    ({"ALGORITHM": "HS384"}, "SECRET_KEY is shorter than 48 bytes"),
    ({"ALGORITHM": "HS512"}, "SECRET_KEY is shorter than 64 bytes"),
    *(({"SECRET_KEY": key}, "SECRET_KEY is a placeholder") for key in PLACEHOLDERS),
    ({"SECRET_KEY_PREVIOUS": "short"}, "SECRET_KEY_PREVIOUS is shorter than 32 bytes"),
    ({"SECRET_KEY_PREVIOUS": "change-me"}, "SECRET_KEY_PREVIOUS is a placeholder"),
    ({"DEBUG": "true"}, "DEBUG is on"),
    ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS has *, which lets every site's pages in"),
    (
        {"CORS_ORIGINS": "https://shop.example,*"},
        "CORS_ORIGINS has *, which lets every site's pages in",
    ),
    (
        {"AUTH_REQUIRED": "false"},
        "AUTH_REQUIRED is false, and without identity everybody could do everything",
    ),
    ({"BEHIND_PROXY": "true"}, "TRUSTED_PROXIES is empty, but BEHIND_PROXY is on"),
    *(
        (
            {"TRUSTED_PROXIES": f"10.0.0.1,{network}"},
            f"TRUSTED_PROXIES has {network}, from where everybody could say who they are",
        )
        for network in ("0.0.0.0/0", "128.0.0.0/1", "::/0", "2000::/3")
    ),
    (
        {"ACCESS_TOKEN_EXPIRE_MINUTES": "52596000"},
        "ACCESS_TOKEN_EXPIRE_MINUTES is more than a day, for which a stolen token would do",
    ),
    *(
        (
            {"CORS_ORIGINS": f"https://shop.example,{origin}"},
            f"CORS_ORIGINS has {origin}, whose pages anybody on the way can change: use https",
        )
        for origin in ("http://shop.example", "http://10.0.0.1:3000", "http://localhost.example")
    ),
    *(
        (
            {"PAYMENT_PROVIDERS": names},
            "PAYMENT_PROVIDERS has one for tests, which takes no money",
        )
        for names in ("test", "test_confirm")
    ),
    (
        {
            "PAYMENT_PROVIDERS": "stripe",
            "STRIPE_SECRET_KEY": "sk_test_4eC39H",
            "STRIPE_PUBLISHABLE_KEY": "pk_test_TYooMQ",
            "STRIPE_WEBHOOK_SECRETS": "whsec_a",
        },
        "STRIPE_SECRET_KEY is one for tests, which takes no money",
    ),
]
# What may be right all the same, by the name under which ALLOW_UNSAFE allows it.
ALLOWABLE = [
    *(
        ("limits", {name.upper(): ""}, f"{name.upper()} is empty, so that nothing is limited")
        for name in Settings.model_fields
        if name.endswith("_rate_limit")
    ),
    *(
        (
            "limits",
            {"LOGIN_RATE_LIMIT": limit},
            "LOGIN_RATE_LIMIT allows more than 60 guesses a minute",
        )
        for limit in ("61/minute", "2/second", "1000000/day")
    ),
    (
        "limits",
        {"REQUEST_TIMEOUT_SECONDS": "300"},
        "REQUEST_TIMEOUT_SECONDS is above 60, so that a few hold up all",
    ),
    (
        "limits",
        {"MAX_BODY_BYTES": "1073741824"},
        "MAX_BODY_BYTES is above 16777216, so that a few requests fill the memory",
    ),
    *(
        (
            "hashing",
            {"PASSWORD_HASH_MEMORY_KIB": memory, "PASSWORD_HASH_ITERATIONS": rounds},
            (
                f"PASSWORD_HASH_MEMORY_KIB {memory} with PASSWORD_HASH_ITERATIONS {rounds} makes"
                " passwords cheap to guess: 7168 at least, 35840 multiplied"
            ),
        )
        for memory, rounds in (("8", "1"), ("19456", "1"), ("4096", "20"))
    ),
    *(
        (
            "tls",
            {"DATABASE_URL": f"postgresql://{url}"},
            "DATABASE_URL leads to db.example without TLS: add ?sslmode=verify-full or =require",
        )
        for url in (
            "user:password@db.example/nexticket",
            "user@db.example:6432/nexticket?sslmode=prefer",
            "user@db.example/nexticket?sslmode=disable",
            "user@/nexticket?host=localhost:5432&host=db.example:5432",
            "user@/nexticket?host=/run/postgresql,db.example",
            "user@localhost/nexticket?hostaddr=db.example",
        )
    ),
]
UNSAFE += [(changes, reason) for _, changes, reason in ALLOWABLE]
SAFE: list[dict[str, str]] = [
    {},
    {"SECRET_KEY": secrets.token_hex(16)},
    {"SECRET_KEY": secrets.token_hex(32), "ALGORITHM": "HS512"},
    {"SECRET_KEY_PREVIOUS": OTHER_KEY},
    {"CORS_ORIGINS": "https://shop.example"},
    {"AUTH_REQUIRED": "true"},
    {"BEHIND_PROXY": "true", "TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::1"},
    {"TRUSTED_PROXIES": "10.0.0.1"},
    {"TRUSTED_PROXIES": "10.0.0.0/8,2600:9000::/28,fc00::/7"},
    {"ACCESS_TOKEN_EXPIRE_MINUTES": "1440"},
    {"CORS_ORIGINS": "http://localhost:3000,http://127.0.0.1:8080,http://[::1]:3000"},
    {"LOGIN_RATE_LIMIT": "60/minute"},
    {"LOGIN_RATE_LIMIT": "1/second"},
    {"REQUEST_TIMEOUT_SECONDS": "60", "MAX_BODY_BYTES": "16777216"},
    {"PASSWORD_HASH_MEMORY_KIB": "47104", "PASSWORD_HASH_ITERATIONS": "1"},
    {"PASSWORD_HASH_MEMORY_KIB": "7168", "PASSWORD_HASH_ITERATIONS": "5"},
    *(
        {"DATABASE_URL": f"postgresql://{url}"}
        for url in (
            "user@localhost/nexticket",
            "user@[::1]:5432/nexticket",
            "user@/nexticket",
            "user@/nexticket?host=/run/postgresql",
            "user@db.example/nexticket?sslmode=require",
            "user@db.example/nexticket?sslmode=verify-full",
        )
    ),
]
