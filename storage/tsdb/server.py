"""The tsdb process: one DuckDB file, one writing thread, a few reading ones, one HTTP server. Decides nothing."""

import gc
import logging
import socket
from pathlib import Path

import uvicorn

from standpipe.model.duration import parse_duration
from standpipe.model.settings import is_loopback, split_listen
from storage.tsdb.asking import Readers
from storage.tsdb.http import Api
from storage.tsdb.keeping import Keeper
from storage.tsdb.store import Store
from storage.tsdb.writing import WriterThread

_log = logging.getLogger(__name__)


def run(listen: str, data: Path, token: str, memory_limit: str, *, keep: str = "") -> None:
    """Serve until SIGTERM or SIGINT; weeks older than `keep` (`365d`; empty: everything is kept) are dropped.

    Raises ValueError for an address that is open to others without a token.

    Also raises OSError or duckdb.Error when the folder cannot be used or another process has it.
    """
    host, port = split_listen(listen)
    if not token and not is_loopback(host):
        raise ValueError(f"{host} can be reached by others: tsdb needs a token there")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.create_server((host, port), family=family, backlog=2048)  # before the database: a taken port ends it
    store = Store(data, memory_limit)
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # rows are born and die by the thousand and never in cycles
    writer = WriterThread(store)
    readers = Readers(store)
    keeper = Keeper(writer, parse_duration(keep) * 1_000_000) if keep else None
    _log.info("tsdb ready listen=%s data=%s databases=%d", listen, data, len(store.databases))
    config = uvicorn.Config(
        Api(store, writer, readers, token),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    try:
        uvicorn.Server(config).run(sockets=[door])
    finally:
        if keeper is not None:
            keeper.close()
        writer.close()
        readers.close()
        store.close()
