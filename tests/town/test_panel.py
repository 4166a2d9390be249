"""The panel over a real socket: says its status, reports a fire, comes back when the line is cut."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from standpipe.model import clock
from standpipe.model.gb26875 import adu
from standpipe.model.gb26875.objects import ComponentState, TransmitterState
from standpipe.town import panel as panel_module
from standpipe.town.panel import FIRE, Panel

SOURCE = bytes.fromhex("260117000001")


@pytest.fixture
async def panel(centre: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Panel]:
    monkeypatch.setattr(panel_module, "RECONNECT_PAUSE", 0.01)
    panel = Panel(source=SOURCE, host="127.0.0.1", port=centre.port, clock=clock.now)
    task = asyncio.create_task(panel.run())
    yield panel
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_says_its_status_when_it_connects(centre: Any, panel: Panel) -> None:
    (frame,) = await centre.received(1)
    found = adu.decode(frame.adu)
    assert found.type_flag == 21
    assert isinstance(found.objects[0], TransmitterState)
    assert found.objects[0].status == 1


async def test_reports_a_fire_as_a_component_state(centre: Any, panel: Panel) -> None:
    await centre.received(1)
    ticket = panel.component(40, 131_082, status=FIRE, text="二层配件库A排感烟")
    _, frame = await centre.received(2)
    state = adu.decode(frame.adu).objects[0]
    assert isinstance(state, ComponentState)
    assert (state.system_type, state.component_type, state.component_address) == (1, 40, 131_082)
    assert (state.status, state.text) == (0x0003, "二层配件库A排感烟")
    assert ticket.first_sent_at is not None


async def test_knows_when_its_frame_was_confirmed(centre: Any, panel: Panel) -> None:
    ticket = panel.component(40, 131_082, status=FIRE)
    panel.status()
    await centre.received(3)
    assert ticket.confirmed_at is not None
    assert ticket.sends == 1


async def test_sends_a_denied_fire_again_with_its_serial(centre: Any, panel: Panel, deny_answer: Any) -> None:
    await centre.received(1)
    centre.answers = [deny_answer]
    panel.component(40, 131_082, status=FIRE)
    _, denied, again = await centre.received(3)
    assert denied.serial == again.serial
    assert denied.adu == again.adu


async def test_connects_again_when_the_line_is_cut_and_loses_nothing(centre: Any, panel: Panel) -> None:
    await centre.received(1)

    def cut(_: object) -> bytes:
        raise ConnectionResetError

    centre.answers = [cut]
    panel.component(40, 131_082, status=FIRE)
    frames = await centre.received(3)
    assert centre.connections == 2
    assert frames[2].adu == frames[1].adu


async def test_a_heartbeat_comes_when_nothing_else_does(
    centre: Any, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_module, "HEARTBEAT", 20)
    frames = await centre.received(3)
    assert [frame.adu for frame in frames[1:]] == [b"", b""]
