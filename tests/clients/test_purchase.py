"""The purchase in docs/payments.md runs as it stands, as it would in a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import URL

from core.store.schema_version import ROOT
from tests.support.clients import require, run
from tools.server import running_server

require(".node", "what needs Node: the purchase in docs/payments.md is not run")

pytestmark = pytest.mark.long

TICKET = {
    "event_name": "Concert",
    "event_date": "2099-12-25T20:00:00Z",
    "venue": "Arena",
    "price": 49.99,
    "total_quantity": 10,
    "category": "Floor",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("shop")
    url = URL.create("sqlite", database=str(folder / "shop.db"))
    settings = {
        "DATABASE_URL": url.render_as_string(),
        "PAYMENT_PROVIDERS": "test,test_confirm",
        "TEST_PAYMENTS_FILE": str(folder / "test-payments.db"),
    }
    with running_server(settings) as (address, _):
        yield address


def test_a_purchase_in_the_browser_ends_with_a_receipt(shop: str, tmp_path: Path) -> None:
    made = httpx2.post(f"{shop}/api/tickets/", json=TICKET, trust_env=False)
    assert made.status_code == httpx2.codes.CREATED
    text = (ROOT / "docs/payments.md").read_text(encoding="utf-8")
    script = re.findall(r"```js\n(.*?)```", text, flags=re.DOTALL)[0]
    file = tmp_path / "purchase.mjs"
    file.write_text(f"globalThis.SHOP = {json.dumps(shop)};\n{script}", encoding="utf-8")
    receipt = json.loads(run("node", file).splitlines()[-1])
    assert receipt == {"status": "confirmed", "total": 99.98, "paid": "success"}
