"""Carrier platforms that push over HTTP: `/push/<name>`, one secret each. Opens the envelope, keeps what is inside."""

import functools
import hmac
from collections.abc import Callable

import msgspec

from collector.arrival import Arrival
from collector.inputs.envelopes import ctwing, huawei, onenet
from collector.inputs.http import Answer, Request, Response, Route, on_disk
from collector.intake import Intake
from collector.record import Quarantined
from standpipe.model import clock
from standpipe.model.errors import DecodeError
from standpipe.model.settings import Push

Opened = Callable[..., list[Arrival]]
_OPENERS: dict[str, Opened] = {"ctwing": ctwing.opened, "huawei": huawei.opened, "onenet": onenet.opened}


class PushSource:
    """One platform's route."""

    def __init__(self, intake: Intake, name: str, settings: Push) -> None:
        """Take where uplinks go; `name` is the last part of the path and the counters' label."""
        self._intake = intake
        self._label = f"push.{name}"
        self._settings = settings
        self._open = _OPENERS[settings.kind]
        if settings.kind == "onenet":
            self._open = functools.partial(onenet.opened, token=settings.token)

    def route(self) -> Route:
        """Return the route; it looks after its secret itself."""
        return Route(serve=self.serve, token="", methods=frozenset({"GET", "POST"}), locked=bool(self._settings.token))

    async def serve(self, request: Request) -> Response:
        """Take one push; 200 when all of it is on disk, 400 with the reason when it is no push of the platform."""
        if self._settings.kind == "onenet" and request.method == "GET":
            return self._prove(request)
        self._authorise(request)
        now = clock.now()
        try:
            arrivals = self._open(request.body, source=self._label, received_at=now)
        except DecodeError as err:
            bad = Quarantined(
                address=f"{self._label}:{request.peer}",
                device_type="",
                cause="decode",
                reason=str(err)[:300],
                payload=request.body,
                at=now,
            )
            await on_disk(self._intake.quarantine(self._label, [bad]))
            raise Answer(400, {"error": str(err)}) from None
        if not arrivals:
            self._intake.count_empty(self._label)
        await on_disk(self._intake.take(self._label, arrivals).durable)
        return Response(msgspec.json.encode({"accepted": len(arrivals)}))

    def _prove(self, request: Request) -> Response:
        """Answer OneNET's check of the address: the message back, when it is signed with our token."""
        query = request.query
        msg = query.get("msg", "")
        if not onenet.signed(
            self._settings.token, nonce=query.get("nonce", ""), msg=msg, given=query.get("signature", "")
        ):
            raise Answer(401, {"error": "signature: does not fit msg, nonce and our token"})
        return Response(msg.encode(), 200, "text/plain; charset=utf-8")

    def _authorise(self, request: Request) -> None:
        """Want the secret in the header or at the end of the path; OneNET's is in the signature."""
        token = self._settings.token
        if not token or self._settings.kind == "onenet":
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.path
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise Answer(401, {"error": "expected the source's token in the path or as Authorization: Bearer"})
