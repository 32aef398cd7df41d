"""Signatures, compared with those of the `standardwebhooks` package."""

from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from service.definitions.webhooks import key_of
from service.webhooks.signing import headers_of, new_secret

BODY = b'{"type":"job.succeeded","data":{"name":"\xc3\xbc"}}'


def test_a_signature_is_that_of_the_package() -> None:
    secret, at = new_secret(), datetime.now(UTC)
    headers = headers_of([secret], "msg_1", int(at.timestamp()), BODY)
    assert headers["webhook-signature"] == Webhook(secret).sign("msg_1", at, BODY.decode())
    assert Webhook(secret).verify(BODY, headers)["type"] == "job.succeeded"


def test_each_of_two_secrets_verifies_and_a_third_does_not() -> None:
    secrets = [new_secret(), new_secret()]
    headers = headers_of(secrets, "msg_1", int(datetime.now(UTC).timestamp()), BODY)
    for secret in secrets:
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(BODY + b" ", headers)


def test_a_made_secret_has_32_random_bytes() -> None:
    assert len(key_of(new_secret())) == 32 and new_secret() != new_secret()
