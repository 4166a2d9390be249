"""The chat notifier: what apprise sends for it, to a server of ours."""

import asyncio
import json
from typing import Any

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu

from alerting.notifiers.chat import Chat
from standpipe.model.errors import ConfigError, Rejected, Retryable
from standpipe.model.settings import Notifier


def settings(url: str) -> Notifier:
    return Notifier(kind="chat", url=url)


async def test_title_and_text_are_handed_to_the_service(provider: Any, notice: Any) -> None:
    assert await Chat(settings(f"json://{provider.host}")).send(notice()) == notice().id
    (asked,) = provider.asked
    body = json.loads(asked.body)
    assert (body["title"], body["message"]) == ("火警", notice().text)


async def test_dingtalk_is_told_in_its_own_shape(provider: Any, notice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyDingTalk, "notify_url", provider.url + "/robot/send?access_token={token}")
    provider.body = b'{"errcode":0,"errmsg":"ok"}'
    await Chat(settings("dingtalk://abcdefgh1234567890")).send(notice())
    (asked,) = provider.asked
    assert asked.path == "/robot/send?access_token=abcdefgh1234567890"
    assert notice().text in json.loads(asked.body)["text"]["content"]


async def test_feishu_is_told_in_its_own_shape(provider: Any, notice: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyFeishu, "notify_url", provider.url + "/hook/{token}")
    provider.body = b'{"code":0}'
    await Chat(settings("feishu://abcdefgh-1234")).send(notice())
    assert notice().text in json.loads(provider.asked[0].body)["content"]["text"]


async def test_the_persons_number_stands_where_the_address_asks_for_it(provider: Any, notice: Any) -> None:
    chat = Chat(settings(f"json://{provider.host}/sms/{{to}}"))
    await chat.send(notice())
    assert provider.asked[0].path == "/sms/8613900001111"
    with pytest.raises(Rejected):
        await chat.send(notice(to=""))


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_a_service_that_does_not_take_it_is_retryable(provider: Any, notice: Any, status: int) -> None:
    provider.status = status
    with pytest.raises(Retryable, match="did not take the message"):
        await Chat(settings(f"json://{provider.host}")).send(notice())


async def test_a_service_that_is_not_there_is_retryable_and_nothing_is_logged(
    port: int, notice: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Retryable):
        await Chat(settings(f"json://127.0.0.1:{port}/token-123/{{to}}")).send(notice())
    assert "token-123" not in caplog.text
    assert "13900001111" not in caplog.text


async def test_a_service_that_does_not_answer_in_time_is_retryable(
    port: int, notice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerting.notifiers.chat.TIMEOUT", 0.2)
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", port)
    with pytest.raises(Retryable, match="in time"):
        await Chat(settings(f"json://127.0.0.1:{port}?rto=0.5&cto=0.5")).send(notice())
    silent.close()
    held[0].transport.abort()


@pytest.mark.parametrize(
    "url",
    [
        "dingtalk://secret@abcdefgh1234567890",
        "feishu://abcdefgh-1234-1234-1234-abcdefabcdef",
        "wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa",
        "vonage://12345678:abcdefgh12345678@8613900000000/{to}",
    ],
)
def test_addresses_of_common_services_are_understood(url: str) -> None:
    Chat(settings(url))


@pytest.mark.parametrize("url", ["pigeon://coop/secret", "dingtalk://", "coop secret", "pigeon://{to}/secret"])
def test_an_address_that_apprise_does_not_understand_is_a_fault_that_does_not_show_it(url: str) -> None:
    with pytest.raises(ConfigError, match="not an address that apprise understands") as caught:
        Chat(settings(url))
    assert url not in str(caught.value)
