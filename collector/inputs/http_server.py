"""Runs the HTTP application on uvicorn inside our event loop. Leaves the process's signals to its main."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn

from collector.inputs.http import HttpDoor
from standpipe.model.settings import split_listen

log = logging.getLogger(__name__)

BACKLOG = 2048
GRACE = 2
"""Seconds that requests under way may take to end."""


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """The listening side."""

    def __init__(self, app: HttpDoor, listen: str) -> None:
        """Bind at once, so that the port is known and taken. Raises OSError."""
        host, port = split_listen(listen)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            backlog=BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
            date_header=False,
        )
        self._server = _Server(config)
        log.info("listening input=http address=%s:%d", host, self.port)

    @property
    def port(self) -> int:
        """Return the TCP port in use."""
        return int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Serve until cancelled, then let requests under way end."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self._server.should_exit = True
            await serving
