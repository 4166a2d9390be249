"""A screen follows every change, however soon it comes after the one before."""

import asyncio
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.integration, pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_changes_that_come_one_after_the_other_are_each_shown_at_once(console: Any, screens: Any) -> None:
    console.service.play("busy")
    console.start()
    page = screens.open(console.url)
    card = page.locator("[data-incident=inc-1]")
    expect(card).to_have_attribute("data-state", "suspected")
    for event, state in (
        ("acknowledge", "acknowledged"),
        ("false_alarm", "false_alarm"),
        ("fault", "fault"),
        ("drill", "drill"),
    ):
        asyncio.run_coroutine_threadsafe(console.service.act("inc-1", event, "Wang", "", ""), console.loop).result(5)
        expect(card).to_have_attribute("data-state", state, timeout=2_500)
