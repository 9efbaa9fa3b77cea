"""The books: every move of stock, money and orders, whether they agree, and who did what else."""

from Ledger.openapi import amend_with_books
from Ledger.routers import audit
from work.domain import Domain

DOMAIN = Domain(
    routers=[audit.router],
    tags={"Audit": "Who changed accounts, rights and prices."},
    amend=amend_with_books,
)
