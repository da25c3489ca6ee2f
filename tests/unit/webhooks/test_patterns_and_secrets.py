"""Which facts a webhook wants, and what may be its secret."""

import base64

import pytest

from domain.webhooks.errors import InvalidWebhookError
from domain.webhooks.event_patterns import checked_patterns, wants
from domain.webhooks.signing_secret import SigningSecret

TYPE = "labs.lab-state-changed.v1"


@pytest.mark.parametrize("pattern", ["*", "labs.*", TYPE, "labs.lab-state-changed", "labs.lab-state-changed.*"])
def test_patterns_that_fit(pattern: str) -> None:
    assert wants(checked_patterns([pattern]), TYPE)


@pytest.mark.parametrize(
    "pattern", ["lab.*", "records.*", "labs.lab-state-changed.v2", "labs.lab-state", "labs.lab-state-changed.v1.*"]
)
def test_patterns_that_do_not_fit(pattern: str) -> None:
    assert not wants(checked_patterns([pattern]), TYPE)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "labs",
        "labs.",
        ".labs",
        "labs.**",
        "*.labs",
        "la*bs.x",
        "Labs.*",
        "labs.x y",
        "labs..x",
        "**",
        "labs.*.x",
        "$ne",
        "labs." + "x" * 130,
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidWebhookError):
        checked_patterns(["labs.*", pattern])


def test_there_are_1_to_50_patterns_each_once() -> None:
    assert checked_patterns(["labs.*", "*", "labs.*"]) == ("labs.*", "*")
    assert len(checked_patterns([f"labs.x{number}" for number in range(50)])) == 50
    for wrong in ([], [f"labs.x{number}" for number in range(51)]):
        with pytest.raises(InvalidWebhookError):
            checked_patterns(wrong)


def test_the_signature_is_the_one_of_the_specification() -> None:
    # The example of the specification's reference libraries.
    secret = SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_plain_secret_is_its_own_bytes() -> None:
    assert SigningSecret("a plain text of ü").key == "a plain text of ü".encode()


@pytest.mark.parametrize("size", [24, 32, 64])
def test_keys_of_24_to_64_bytes_are_taken(size: int) -> None:
    assert SigningSecret.of_key(b"x" * size).key == b"x" * size


@pytest.mark.parametrize(
    "text",
    ["", "short", "x" * 15, "x" * 513, "whsec_", "whsec_!!!!", "whsec_" + "A" * 33]
    + ["whsec_" + base64.b64encode(b"x" * size).decode() for size in (23, 65)],
)
def test_a_secret_that_breaks_the_rules_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidWebhookError) as refused:
        SigningSecret(text)
    assert len(text) < 7 or text not in str(refused.value)


def test_a_secret_does_not_show_itself() -> None:
    secret = SigningSecret("correct horse battery")
    assert "horse" not in repr(secret)
    assert secret.redact("I was told: correct horse battery!") == "I was told: [secret]!"
    packed = SigningSecret.of_key(b"k" * 24)
    assert packed.text.removeprefix("whsec_") not in packed.redact(f"{packed.text} {packed.text[6:]}")
