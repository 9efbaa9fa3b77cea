"""The books: every move of stock, money and orders, and whether they agree with the rows."""

from Ledger.openapi import amend_with_books
from work.domain import Domain

DOMAIN = Domain(amend=amend_with_books)
