"""The protections of what providers say about money."""

from tests.protections.removing import Edit, Protection

SIGNATURES = "Payment/signatures.py"
FORGED = "tests/Payment/test_signed_webhooks.py"

OF_PAYMENTS = (
    Protection(
        "a webhook is its provider's word",
        [Edit(SIGNATURES, "not any(hmac.compare_digest(mark, one)", "not any(mark")],
        f"{FORGED}::TestAWebhook",
    ),
    Protection(
        "a webhook that was overheard is not good for ever",
        [Edit(SIGNATURES, "abs(now.timestamp() - int(stamp)) > tolerance", "False")],
        f"{FORGED}::TestAWebhook",
    ),
    Protection(
        "without a secret no webhook is believed",
        [
            Edit(SIGNATURES, "    if not secrets:\n", "    if False:\n"),
            Edit(SIGNATURES, "for secret in secrets]", 'for secret in secrets or [""]]'),
        ],
        f"{FORGED}::TestSecrets",
    ),
    Protection(
        "production does not serve the provider for tests",
        [
            Edit(
                "core/settings.py",
                "self.test_payments_url and not is_production",
                "self.test_payments_url",
            )
        ],
        "tests/Payment/test_served_here.py::TestServing",
    ),
)
