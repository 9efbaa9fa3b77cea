"""Exports over HTTP: what lists and reports tell, as files."""

from typing import Annotated

from fastapi import Query, Response

from core.http.files import CsvAnswer, csv_responses
from Order.schemas.exports import OrderExport, SalesExport, TransactionExport
from Order.services import export_service
from work.access import BOX_OFFICE, allowed
from work.routing import Router
from work.unit_of_work import Work
from work.weights import REPORT, weighs

router = Router(prefix="/api", default_response_class=CsvAnswer)

_ORDERS = (
    "id,order_reference,user_id,status,tickets,total_amount,amount_paid,amount_refunded,"
    "balance_due,currency,notes,cancel_reason,expires_at,confirmed_at,created_at,updated_at\r\n"
    "1,ORD-7KQ2M9XWPA,1,confirmed,2,199.98,199.98,0.00,0.00,USD,,,,2024-11-02T10:32:00.000001Z,"
    "2024-11-02T10:30:00.000001Z,2024-11-02T10:32:00.000001Z\r\n"
)
_TRANSACTIONS = (
    "id,transaction_number,order_id,status,amount,refunded_amount,currency,payment_method,"
    "transaction_reference,provider,provider_reference,failure_reason,succeeded_at,created_at,"
    "updated_at\r\n"
    '1,TXN-3FHB8RWZ2C,1,success,199.98,0.00,USD,"card","ch_1042",,,,2024-11-02T10:32:00.000001Z,'
    "2024-11-02T10:31:00.000001Z,2024-11-02T10:32:00.000001Z\r\n"
)
_SALES = (
    "id,order_id,order_reference,user_id,confirmed_at,ticket_id,event_name,event_date,venue,"
    "category,quantity,unit_price,line_total,currency\r\n"
    '1,1,ORD-7KQ2M9XWPA,1,2024-11-02T10:32:00.000001Z,1,"Concert 2024",'
    '2024-12-25T20:00:00.000000Z,"Main Arena","VIP",2,99.99,199.98,USD\r\n'
)


@router.get(
    "/orders/export",
    tags=["Orders"],
    summary="Export orders",
    operation_id="export_orders",
    responses=csv_responses(_ORDERS),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def export_orders(query: Annotated[OrderExport, Query()], work: Work) -> Response:
    """All orders that match every filter given, as CSV: a line for each, of one state of the data.

    A text that a spreadsheet would take for a formula has an apostrophe before it. The file is made
    while it is sent: if the connection ends before the answer does, a part is missing. Two exports
    at a time are made by each process of the service; more are refused with `service_busy`.
    """
    return await work.export("orders", lambda context: export_service.export_orders(context, query))


@router.get(
    "/transactions/export",
    tags=["Transactions"],
    summary="Export transactions",
    operation_id="export_transactions",
    responses=csv_responses(_TRANSACTIONS),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def export_transactions(query: Annotated[TransactionExport, Query()], work: Work) -> Response:
    """All transactions that match every filter given, as CSV; as with orders."""
    return await work.export(
        "transactions", lambda context: export_service.export_transactions(context, query)
    )


@router.get(
    "/analytics/sales/export",
    tags=["Analytics"],
    summary="Export what was sold",
    operation_id="export_sales",
    responses=csv_responses(_SALES),
)
@allowed(BOX_OFFICE)
@weighs(REPORT)
async def export_sales(query: Annotated[SalesExport, Query()], work: Work) -> Response:
    """The lines that `/api/analytics/sales` adds up, as CSV: those of confirmed and completed
    orders, dated by the confirmation; as with orders.
    """
    return await work.export("sales", lambda context: export_service.export_sales(context, query))
