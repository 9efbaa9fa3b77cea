"""What stored answers are sealed with."""

from base64 import urlsafe_b64encode

import pytest
from cryptography.fernet import Fernet, InvalidToken

from core.http.idempotency_key import Seal

KEY, OTHER = bytes(range(32)), bytes(32)


def test_an_answer_is_read_by_the_request_that_it_is_of() -> None:
    sealed = Seal(KEY).encrypt(b"answered")
    assert b"answered" not in sealed
    assert Seal(KEY).decrypt(sealed) == b"answered"
    # Nobody can tell whether two answers are the same.
    assert Seal(KEY).encrypt(b"answered") != sealed


def test_an_answer_of_another_request_can_not_be_read() -> None:
    with pytest.raises(InvalidToken):
        Seal(OTHER).decrypt(Seal(KEY).encrypt(b"answered"))


def test_an_answer_that_the_release_before_has_sealed_can_be_read() -> None:
    sealed = Fernet(urlsafe_b64encode(KEY)).encrypt(b"answered")
    assert Seal(KEY).decrypt(sealed) == b"answered"
