"""What the provider refuses, and how it says so."""

from http import HTTPStatus


class RefusalError(Exception):
    """Answered with its status and ``{"error": {"code": …, "message": …}}``."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(message)


def not_found(what: str) -> RefusalError:
    return RefusalError(HTTPStatus.NOT_FOUND, f"{what}_not_found", f"There is no such {what}.")


def conflict(code: str, message: str) -> RefusalError:
    return RefusalError(HTTPStatus.CONFLICT, code, message)


def bad(code: str, message: str) -> RefusalError:
    return RefusalError(HTTPStatus.UNPROCESSABLE_ENTITY, code, message)
