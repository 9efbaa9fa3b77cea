"""The provider as an application: which address does what, and who may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from test_payments import api, front, page
from test_payments.answers import Endpoint, refused, served
from test_payments.errors import RefusalError
from test_payments.provider import Options, Provider
from test_payments.requests import require_key, require_secret


def create_app(options: Options) -> Starlette:
    # Front ends of every origin are welcome: no cookie says who somebody is.
    open_to_all = Middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
    )
    app = Starlette(
        routes=_routes(),
        middleware=[open_to_all],
        exception_handlers={RefusalError: _refused},
        lifespan=_lifespan,
    )
    app.state.provider = Provider(options)
    return app


def _routes() -> list[Route]:
    return [
        _of_shop("POST", "/v1/payments", api.create_payment),
        _of_shop("GET", "/v1/payments", api.list_payments),
        _of_shop("GET", "/v1/payments/{payment_id}", api.get_payment),
        _of_shop("POST", "/v1/refunds", api.create_refund),
        _of_shop("GET", "/v1/refunds", api.list_refunds),
        _of_shop("GET", "/v1/refunds/{refund_id}", api.get_refund),
        _of_shop("POST", "/v1/disputes", api.open_dispute),
        _of_shop("POST", "/v1/disputes/{dispute_id}/close", api.close_dispute),
        Route(
            "/v1/payments/{payment_id}/confirm",
            served(front.confirm, require_key),
            methods=["POST"],
        ),
        Route("/pay/{payment_id}", served(page.show), methods=["GET"], name="page"),
        Route("/pay/{payment_id}", served(page.submit), methods=["POST"]),
        # What they say must be heard while the provider answers nothing else.
        Route("/v1/faults", front.get_faults, methods=["GET"]),
        Route("/v1/faults", front.set_all_faults, methods=["POST"]),
        Route("/v1/faults", front.end_faults, methods=["DELETE"]),
        Route("/health/ready", _ready, methods=["GET"]),
    ]


def _of_shop(method: str, path: str, endpoint: Endpoint) -> Route:
    return Route(path, served(endpoint, require_secret), methods=[method])


async def _ready(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _refused(request: Request, error: Exception) -> Response:
    is_page = request.url.path.startswith(f"{request.scope.get('root_path', '')}/pay/")
    return page.refused(request, error) if is_page else refused(request, error)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Of a process of its own; what was left to be told is told as soon as it starts."""
    provider: Provider = app.state.provider
    provider.background.wake()
    yield
    await provider.close()
