"""What keeps money at Stripe and in the books the same, with the test that misses it."""

from tests.protections.removing import Edit, Protection

ACCOUNT = "Payment/providers/stripe_account.py"
BOTH = "Payment/providers/by_stripe.py"
WEBHOOKS = "tests/Payment/test_stripe_webhooks.py"
ANSWERS = "tests/Payment/test_stripe_answers.py"
BAD_DAYS = "tests/Payment/test_stripe_bad_days.py"
UNSIGNED = f"{WEBHOOKS}::TestWhoIsHeard::test_what_nobody_signed_changes_nothing"
OTHERS = f"{WEBHOOKS}::TestWhatIsHeard::test_what_is_somebody_elses_is_none_of_ours"

OF_STRIPE = (
    Protection(
        "Stripe is believed by its signature",
        [Edit(ACCOUNT, "not any(_is_signed(raw, signature, secret)", "not any(secret")],
        UNSIGNED,
    ),
    Protection(
        "what Stripe signed is believed for minutes",
        [Edit(ACCOUNT, "abs(now.timestamp() - _signed_at(signature)) > self", "0 > self")],
        UNSIGNED,
    ),
    Protection(
        "test payments confirm nothing where money is taken",
        [Edit(ACCOUNT, 'told["livemode"] is not self._is_live', "False")],
        f"{WEBHOOKS}::TestWhoIsHeard::test_what_is_signed_and_makes_no_sense_is_refused",
    ),
    Protection(
        "what others do with the account at Stripe is not ours",
        [Edit(BOTH, 'return _metadata(told).get("provider") == self.name', "return True")],
        OTHERS,
    ),
    Protection(
        "Stripe gives money back once, also when it has forgotten the key",
        [Edit(BOTH, '.get("refund_key") == asked.key', '.get("refund_key") == ""')],
        f"{ANSWERS}::TestAskingTwice::test_money_goes_back_once",
    ),
    Protection(
        "refunds of two deployments at Stripe have keys of their own",
        [Edit(BOTH, 'f"{asked.reference}-{asked.key}"', "asked.key")],
        f"{ANSWERS}::TestAskingTwice::test_keys_of_two_deployments_with_one_account_do_not_meet",
    ),
    Protection(
        "no log tells what a payment at Stripe is confirmed by",
        [Edit(ACCOUNT, '        logging.getLogger("stripe").setLevel(logging.WARNING)\n')],
        f"{BAD_DAYS}::test_no_log_tells_what_a_payment_is_confirmed_by",
    ),
)
