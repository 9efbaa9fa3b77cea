"""The service itself, from the command line."""

import os
from typing import Annotated

import typer

from commands.service import failed
from core.http import serving
from core.production import load_safe_settings
from core.settings import ConfigurationError


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="How many processes serve.")] = 1,
    root_path: Annotated[str, typer.Option(help="The path that a proxy serves us under.")] = "",
    fd: Annotated[int | None, typer.Option(help="A socket that listens already.")] = None,
) -> None:
    """Serve the API, with every connection bounded in what it may send and how long it may take."""
    try:
        settings = load_safe_settings()
    except ConfigurationError as error:
        raise failed(f"Not started: {error}") from None
    # Said by --workers alone; what managers are told otherwise would be wrong of these.
    os.environ.pop("WEB_CONCURRENCY", None)
    serving.serve(settings, host=host, port=port, workers=workers, root_path=root_path, fd=fd)
