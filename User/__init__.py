"""Accounts, log-ins and API keys: who there is. ``Order/routers/user.py`` is the accounts' door."""

from User.actions import Action
from User.equipment import equip
from User.services.api_key_service import forget_ended_keys
from work.domain import Domain

DOMAIN = Domain(chores=[forget_ended_keys], equip=equip, actions=Action)
