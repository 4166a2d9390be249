import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from alerting.notifiers.http_template import HttpTemplate
from standpipe.model.errors import ConfigError, Rejected, Retryable
from standpipe.model.settings import Notifier

FIELDS = {"account": "{username}", "pswd": "{password}", "mobile": "{national}", "msg": "{text}", "extno": "x-{id}"}


def settings(**changes: Any) -> Notifier:
    values = {
        "kind": "http_template",
        "url": "http://127.0.0.1:1",
        "fields": FIELDS,
        "username": "station12",
        "password": "secret",
        "taken": r'"code":\s*0\b',
        "message_id": r'"msgid":\s*"([^"]+)"',
    }
    return Notifier(**{**values, **changes})


@pytest.mark.parametrize("format", ["form", "json", "query"])
async def test_the_fields_are_sent_filled_in(provider: Any, notice: Any, format: str) -> None:
    provider.body = b'{"code": 0, "msgid": "m-9"}'
    template = HttpTemplate(settings(url=provider.url + "/send", format=format))
    id_ = await template.send(notice(text="火警 & {password} 二区"))
    await template.close()
    (asked,) = provider.asked
    read: dict[str, Callable[[], Any]] = {
        "form": lambda: dict(parse_qsl(asked.body.decode())),
        "json": lambda: json.loads(asked.body),
        "query": lambda: dict(parse_qsl(asked.path.partition("?")[2])),
    }
    assert id_ == "m-9"
    assert read[format]() == {
        "account": "station12",
        "pswd": "secret",
        "mobile": "13900001111",
        "msg": "火警 & {password} 二区",
        "extno": f"x-{notice().id}",
    }


@pytest.mark.parametrize(
    ("name", "to", "sent"),
    [
        ("to", "13900001111", "+8613900001111"),
        ("digits", "13900001111", "8613900001111"),
        ("national", "13900001111", "13900001111"),
        ("national", "+4917112345678", "4917112345678"),
    ],
)
async def test_numbers_are_written_as_the_gateway_wants_them(
    provider: Any, notice: Any, name: str, to: str, sent: str
) -> None:
    template = HttpTemplate(settings(url=provider.url, fields={"n": f"{{{name}}}"}, taken="", message_id=""))
    assert await template.send(notice(to=to)) == ""
    await template.close()
    assert dict(parse_qsl(provider.asked[0].body.decode())) == {"n": sent}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"code": 7}', Retryable),
        (200, b"<html>please log in</html>", Retryable),
        (503, b'{"code": 0}', Retryable),
        (403, b'{"code": 0}', Rejected),
    ],
)
async def test_an_answer_that_does_not_say_yes_is_no_receipt(
    provider: Any, notice: Any, status: int, body: bytes, error: type[Exception]
) -> None:
    provider.status, provider.body = status, body
    template = HttpTemplate(settings(url=provider.url))
    with pytest.raises(error) as caught:
        await template.send(notice())
    await template.close()
    assert "13900001111" not in str(caught.value)


async def test_no_number_and_no_password_is_logged_though_both_stand_in_the_address(
    provider: Any, notice: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    template = HttpTemplate(settings(url=provider.url, format="query", taken=""))
    await template.send(notice())
    await template.close()
    assert "13900001111" in provider.asked[0].path
    assert "13900001111" not in caplog.text
    assert "secret" not in caplog.text


async def test_no_number_is_rejected(notice: Any) -> None:
    with pytest.raises(Rejected):
        await HttpTemplate(settings()).send(notice(to=""))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"fields": {"m": "{phone}"}}, r"fields\.m: nothing is called {phone}; known: to, digits"),
        ({"fields": {"m": "{}"}}, r"fields\.m: nothing is called {}"),
        ({"taken": "("}, "taken: is no regular expression"),
        ({"message_id": "id"}, "message_id: has no group for the id"),
    ],
)
def test_settings_that_cannot_work_are_faults(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        HttpTemplate(settings(**changes))
