"""The scripts in docs/payments.md run as they stand, as they would in a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import URL

from core.store.schema_version import ROOT
from tests.support.clients import require, run
from tests.support.forked import forked_server
from tests.support.markdown import blocks_of
from tools.server import LOCALLY

require(".node", "what needs Node: the purchase in docs/payments.md is not run")

pytestmark = pytest.mark.long

SCRIPTS = [block.text for block in blocks_of(ROOT / "docs/payments.md") if block.language == "js"]
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
    with forked_server(settings) as address:
        yield address


def test_a_purchase_in_the_browser_ends_with_a_receipt(shop: str, tmp_path: Path) -> None:
    made = httpx2.post(f"{shop}/api/tickets/", json=TICKET, **LOCALLY)
    assert made.status_code == httpx2.codes.CREATED
    purchase, _, _ = SCRIPTS
    receipt = node(tmp_path, f"globalThis.SHOP = {json.dumps(shop)};", purchase)
    assert receipt == {"status": "confirmed", "total": 99.98, "paid": "success"}


# Tells what the two scripts know, and what became of them.
KNOWN = """
const headers = { "Content-Type": "application/json" };
const post = async (path, body) => {
  const said = { method: "POST", headers, body: JSON.stringify(body) };
  return (await fetch(API + path, said)).json();
};
const name = `card-${crypto.randomUUID()}`;
const account = { username: name, email: `${name}@example.com`, full_name: "A Buyer" };
const buyer = await post("/api/users/", account);
const buy = async () => {
  const items = [{ ticket_id: 1, quantity: 1 }];
  const order = await post("/api/orders/", { user_id: buyer.id, items });
  return post("/api/transactions/", { order_id: order.id, payment_method: "test_confirm" });
};
const transaction = await buy();
"""
TOLD = """
const begun = await buy();
const ahead = await post(`/api/transactions/${begun.id}/sync`);
await fetch(`${API}/test-payments/v1/faults`, {
  method: "DELETE", headers: { Authorization: `Bearer ${publishable_key}` },
});
console.log(JSON.stringify({ confirmed: payment.status, ahead: ahead.status }));
"""


def test_cards_and_rehearsals_do_what_the_guide_says(shop: str, tmp_path: Path) -> None:
    made = httpx2.post(f"{shop}/api/tickets/", json=TICKET, **LOCALLY)
    assert made.status_code == httpx2.codes.CREATED
    _, confirming, rehearsing = SCRIPTS
    told = node(tmp_path, f"const API = {json.dumps(shop)};", KNOWN, confirming, rehearsing, TOLD)
    assert told == {"confirmed": "succeeded", "ahead": "success"}


def node(folder: Path, *parts: str) -> Any:
    """What a script says last."""
    file = folder / "script.mjs"
    file.write_text("\n".join(parts), encoding="utf-8")
    return json.loads(run("node", file).splitlines()[-1])
