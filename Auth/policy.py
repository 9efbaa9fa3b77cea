"""What each role may do: one row an operation.

``OWN`` is the caller's own objects; another's answers 404, as if it were not there. The
dependencies, the OpenAPI document and the tests are made from this table, and an operation
without a row does not start.
"""

from dataclasses import dataclass
from enum import Enum

from core.caller import Caller
from models import UserRole


class Access(Enum):
    NO = "no"
    OWN = "own"
    ALL = "all"


class Subject(Enum):
    """Whose object an operation is about: where the owner is found."""

    NONE = "none"
    USER = "user"
    USERNAME = "username"
    ORDER = "order"
    # The order's owner, and those it is shared with.
    SHARED_ORDER = "shared_order"
    CART_ITEM = "cart_item"
    TRANSACTION = "transaction"
    # The service itself selects what the caller may see.
    CALLER = "caller"


@dataclass(frozen=True)
class Rule:
    anonymous: Access
    customer: Access
    staff: Access
    admin: Access
    subject: Subject = Subject.NONE
    # Does not look at credentials at all: an OAuth client logs in with an Authorization header of
    # its own, and who logs out may hold a token that has ended.
    ignores_credentials: bool = False

    def access_of(self, caller: Caller) -> Access:
        by_role = {
            None: self.anonymous,
            UserRole.CUSTOMER: self.customer,
            UserRole.STAFF: self.staff,
            UserRole.ADMIN: self.admin,
        }
        return by_role[caller.role]

    @property
    def is_public(self) -> bool:
        return self.anonymous is not Access.NO


_NO, _OWN, _ALL = Access.NO, Access.OWN, Access.ALL


def _public() -> Rule:
    return Rule(_ALL, _ALL, _ALL, _ALL)


def _indifferent() -> Rule:
    return Rule(_ALL, _ALL, _ALL, _ALL, ignores_credentials=True)


def _known() -> Rule:
    return Rule(_NO, _ALL, _ALL, _ALL)


def _box_office() -> Rule:
    return Rule(_NO, _NO, _ALL, _ALL)


def _admin() -> Rule:
    return Rule(_NO, _NO, _NO, _ALL)


def _owner_or_box_office(subject: Subject) -> Rule:
    return Rule(_NO, _OWN, _ALL, _ALL, subject)


def _owner_or_admin(subject: Subject) -> Rule:
    return Rule(_NO, _OWN, _OWN, _ALL, subject)


POLICY: dict[str, Rule] = {
    # Tickets
    "list_tickets": _public(),
    "search_tickets": _public(),
    "get_ticket": _public(),
    "create_ticket": _box_office(),
    "update_ticket": _box_office(),
    "delete_ticket": _box_office(),
    "change_ticket_status": _box_office(),
    # Users
    "create_user": _public(),
    "list_users": _admin(),
    "get_user": _owner_or_admin(Subject.USER),
    "get_user_by_username": _owner_or_admin(Subject.USERNAME),
    "list_user_orders": _owner_or_box_office(Subject.USER),
    "update_user": _owner_or_admin(Subject.USER),
    "delete_user": _admin(),
    "deactivate_user": _admin(),
    "activate_user": _admin(),
    # Cart
    "add_to_cart": _owner_or_box_office(Subject.USER),
    "get_cart": _owner_or_box_office(Subject.USER),
    "get_cart_total": _owner_or_box_office(Subject.USER),
    "update_cart_item": _owner_or_box_office(Subject.CART_ITEM),
    "remove_from_cart": _owner_or_box_office(Subject.CART_ITEM),
    "clear_cart": _owner_or_box_office(Subject.USER),
    # Orders
    "create_order": _owner_or_box_office(Subject.USER),
    "create_order_from_cart": _owner_or_box_office(Subject.USER),
    "list_orders": _owner_or_box_office(Subject.CALLER),
    "get_order": _owner_or_box_office(Subject.SHARED_ORDER),
    "update_order": _owner_or_box_office(Subject.ORDER),
    "delete_order": _owner_or_box_office(Subject.ORDER),
    "add_order_item": _owner_or_box_office(Subject.ORDER),
    "list_order_items": _owner_or_box_office(Subject.SHARED_ORDER),
    "get_order_history": _owner_or_box_office(Subject.ORDER),
    "change_order_status": _box_office(),
    "cancel_order": _owner_or_box_office(Subject.ORDER),
    "list_order_users": _owner_or_box_office(Subject.ORDER),
    "share_order": _owner_or_box_office(Subject.ORDER),
    "stop_sharing_with_all": _owner_or_box_office(Subject.ORDER),
    "stop_sharing": _owner_or_box_office(Subject.ORDER),
    # Transactions
    "create_transaction": _owner_or_box_office(Subject.ORDER),
    "list_transactions": _owner_or_box_office(Subject.CALLER),
    "list_order_transactions": _owner_or_box_office(Subject.ORDER),
    "get_transaction": _owner_or_box_office(Subject.TRANSACTION),
    "update_transaction": _owner_or_box_office(Subject.TRANSACTION),
    "change_transaction_status": _box_office(),
    "refund_transaction": _box_office(),
    # Analytics
    "get_dashboard": _box_office(),
    "get_sales_analytics": _box_office(),
    "get_revenue_analytics": _box_office(),
    "get_user_analytics": _box_office(),
    "get_ticket_analytics": _box_office(),
    "get_reconciliation": _box_office(),
    # Identity
    "log_in": _indifferent(),
    "refresh_token": _indifferent(),
    "log_out": _indifferent(),
    "get_me": _known(),
    "change_password": _known(),
    "create_api_key": _box_office(),
    "list_api_keys": Rule(_NO, _NO, _OWN, _ALL, Subject.CALLER),
    "delete_api_key": Rule(_NO, _NO, _OWN, _ALL, Subject.CALLER),
    # Service
    "get_service": _indifferent(),
    "get_health": _indifferent(),
    "get_readiness": _indifferent(),
}
