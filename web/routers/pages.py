"""Which pages there are."""

from fastapi import APIRouter, Depends, Request, Response

from web.shell import require_pages, show

router = APIRouter(dependencies=[Depends(require_pages)], include_in_schema=False)


@router.get("/dashboard")
async def dashboard(request: Request) -> Response:
    return show(request, "dashboard.html")


@router.get("/dashboard/orders")
async def order_desk(request: Request) -> Response:
    return show(request, "orders.html")


@router.get("/dashboard/tickets")
async def ticket_desk(request: Request) -> Response:
    return show(request, "tickets.html")


@router.get("/shop")
async def shop(request: Request) -> Response:
    return show(request, "shop.html")
