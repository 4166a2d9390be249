"""What a message means by its topic and format: generic JSON, ChirpStack, The Things Stack. Owns no connection."""

from collections.abc import Callable
from typing import Protocol

from collector.arrival import Arrival, Repeats
from collector.inputs.envelopes import chirpstack, things_stack
from collector.inputs.json_items import checked_id
from collector.inputs.topic import TopicTemplate
from standpipe.model.settings import Mqtt


class Reader(Protocol):
    """One format."""

    subscription: str

    def read(self, topic: str, payload: bytes, *, source: str, received_at: int, again: bool) -> list[Arrival]:
        """Return the uplinks of one message; `again` when the broker sent it before. Raises DecodeError."""


class JsonReader:
    """One device's object; topic says type and device."""

    def __init__(self, template: str) -> None:
        """Take the topic template. Raises ValueError naming what is wrong with it."""
        self._template = TopicTemplate(template)
        self.subscription = self._template.subscription

    def read(self, topic: str, payload: bytes, *, source: str, received_at: int, again: bool) -> list[Arrival]:
        """See Reader."""
        device_type, device = self._template.read(topic)
        return [
            Arrival(
                source=source,
                address=f"device:{checked_id(device)}",
                payload=payload,
                received_at=received_at,
                device_type=device_type,
                identity=topic.encode() + b"\0" + payload,
                repeats=Repeats.STAMPED,
                again=again,
            )
        ]


class EnvelopeReader:
    """A network server's envelope, which says everything itself."""

    def __init__(self, subscription: str, opened: Callable[..., list[Arrival]]) -> None:
        """Take the subscription and the function that opens the envelope."""
        self.subscription = subscription
        self._opened = opened

    def read(self, topic: str, payload: bytes, *, source: str, received_at: int, again: bool) -> list[Arrival]:  # noqa: ARG002 - the envelope has ids
        """See Reader."""
        return self._opened(payload, source=source, received_at=received_at)


def reader_of(settings: Mqtt) -> Reader:
    """Return the reader of the configured format. Raises ValueError when the topic is wrong."""
    if settings.format == "json":
        return JsonReader(settings.topic)
    module = {"chirpstack": chirpstack, "things_stack": things_stack}[settings.format]
    own = "" if "{" in settings.topic else settings.topic
    return EnvelopeReader(own or module.SUBSCRIPTION, module.opened)
