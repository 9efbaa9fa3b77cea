"""The protections of what providers say about money."""

from tests.protections.removing import Edit, Protection

SIGNATURES = "Payment/signatures.py"
FORGED = "tests/Payment/test_signed_webhooks.py"
CRASHES = "tests/Payment/test_crashes.py"

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
        "a payment that is over is not begun any more",
        [Edit("Payment/flows/pay.py", "if is_replay and await", "if False and await")],
        "tests/Payment/test_paying.py::TestAProviderThatIs",
    ),
    Protection(
        "whoever repeats a request that nobody answered has one payment",
        [
            Edit(
                "work/unit_of_work.py",
                "self.key.for_step(name)",
                "self.key.for_step(str(id(self)))",
            )
        ],
        CRASHES,
    ),
    Protection(
        "a payment that was announced and not begun is left to a chore",
        [
            Edit(
                "Order/services/provider_money.py",
                '"look_at": context.now + _PATIENCE',
                '"look_at": None',
            )
        ],
        CRASHES,
    ),
    Protection(
        "a provider that is asked again takes money once",
        [Edit("Payment/providers/test.py", "said, key=asked.number)", "said, key=str(id(said)))")],
        CRASHES,
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
