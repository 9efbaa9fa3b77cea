"""Accounts, log-ins and API keys: who there is. ``Order/routers/user.py`` is the accounts' door."""

from User.equipment import equip
from work.domain import Domain

DOMAIN = Domain(equip=equip)
