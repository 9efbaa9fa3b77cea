"""Where buyers come back to who have paid on a page of a provider's."""

from urllib.parse import urlencode, urlsplit

from core.settings import Settings


def return_address(settings: Settings, number: str) -> str:
    """Paid or not, with the payment's number: a front end asks which it is. It may be empty."""
    if not settings.payment_return_url:
        return ""
    address = urlsplit(settings.payment_return_url)
    said = told_back(number)
    query = f"{address.query}&{said}" if address.query else said
    return address._replace(query=query).geturl()


def told_back(number: str) -> str:
    """What the query says of a payment."""
    return urlencode({"transaction_number": number})
