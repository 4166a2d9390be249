import hashlib
import hmac
import json
from typing import Any

import pytest

from alerting.notifiers.webhook import Webhook
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.settings import Notifier


async def test_a_notice_is_posted_with_its_id_and_without_the_number(provider: Any, notice: Any) -> None:
    webhook = Webhook(Notifier(kind="webhook", url=provider.url, token="t-1"))
    assert await webhook.send(notice()) == notice().id
    await webhook.close()
    (asked,) = provider.asked
    assert json.loads(asked.body)["notice"] == notice().id
    assert (asked.headers["idempotency-key"], asked.headers["authorization"]) == (notice().id, "Bearer t-1")
    assert b"13900001111" not in asked.body
    assert "standpipe-signature" not in asked.headers


async def test_the_signature_is_over_the_time_and_the_body_as_sent(provider: Any, notice: Any) -> None:
    webhook = Webhook(Notifier(kind="webhook", url=provider.url, signing_key="key-1"))
    await webhook.send(notice())
    await webhook.close()
    (asked,) = provider.asked
    expected = hmac.new(b"key-1", f"{notice().sent_at}.".encode() + asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["standpipe-signature"] == f"t={notice().sent_at},v1={expected}"


async def test_an_id_with_any_characters_fits_in_its_header(provider: Any, notice: Any) -> None:
    webhook = Webhook(Notifier(kind="webhook", url=provider.url))
    await webhook.send(notice(id="事件/0/王\r\nX: 1"))
    await webhook.close()
    (asked,) = provider.asked
    assert asked.headers["idempotency-key"] == "%E4%BA%8B%E4%BB%B6/0/%E7%8E%8B%0D%0AX%3A%201"


@pytest.mark.parametrize(("status", "error"), [(500, Retryable), (429, Retryable), (404, Rejected), (302, Rejected)])
async def test_an_answer_is_final_or_passes(provider: Any, notice: Any, status: int, error: type[Exception]) -> None:
    provider.status = status
    webhook = Webhook(Notifier(kind="webhook", url=provider.url))
    with pytest.raises(error, match=f"answered {status}"):
        await webhook.send(notice())
    await webhook.close()
