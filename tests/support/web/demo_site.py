"""A season of made-up sales, served as in production: people log in, and the test provider pays."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from core.clock import utc_now
from core.settings import Settings
from database import Database
from demo.shop import Shop
from demo.telling import beginning, tell
from tests.support.client import PASSWORD
from tests.support.service import migrate, settings_for
from tools.server import running_server
from User.services.hashing import PasswordHasher

# Enough for every figure to be there, and to be made in a few seconds.
_ORDERS, _SEED = 120, 7


@contextmanager
def demo_site(folder: Path, **settings: str) -> Iterator[str]:
    """The address of a server on a demo of its own."""
    url = make_url(f"sqlite:///{folder / 'demo.db'}")
    make_demo(settings_for(url))
    environment = {
        "DATABASE_URL": str(url),
        "AUTH_REQUIRED": "true",
        "SECRET_KEY": "0123456789abcdef" * 4,
        "LOG_LEVEL": "WARNING",
        "PAYMENT_PROVIDERS": "test,test_confirm",
        "TEST_PAYMENTS_FILE": str(folder / "payments.db"),
        "LOGIN_RATE_LIMIT": "",
        "LOGIN_DAY_RATE_LIMIT": "",
        "REGISTRATION_RATE_LIMIT": "",
        # Beyond, an administrator has to give money back.
        "REFUND_LIMIT": "500",
        # What a provider is to give back, it is asked for at once.
        "SWEEP_SECONDS": "1",
        **settings,
    }
    with running_server(environment, log=folder / "server.log") as (address, _):
        yield address


def make_demo(settings: Settings) -> None:
    migrate(settings)
    until = utc_now()
    database = Database(settings)
    shop = Shop(database, settings, beginning(until))
    shop.open(PasswordHasher.of(settings).hash_now(PASSWORD))
    tell(shop, orders=_ORDERS, seed=_SEED, until=until, begun=lambda: None)
