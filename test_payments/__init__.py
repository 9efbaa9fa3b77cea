"""A payment provider for tests and for development: a second party of its own.

It knows nothing of the service that it takes money for, and that knows nothing of it but its HTTP
API: payments, refunds, disputes, signed webhooks, and a page to pay on. No money moves anywhere.
The number of a card decides what happens; see ``cards.py``.
"""
