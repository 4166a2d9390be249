"""Opens the records database, brings it to the newest schema, and hands out transactions. Holds no query."""

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Insert, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.records.tables import Records

log = logging.getLogger(__name__)
T = TypeVar("T")
_MIGRATIONS = Path(__file__).parent / "migrations"


class RecordsDatabase:
    """One database. A transaction is a function of a connection, run as a whole. Made by `open`.

    SQLite transactions run on threads of their own, one for writing: a hop per transaction in place of one per
    statement, which is what keeps a fire's incident within milliseconds. Other databases are reached asynchronously.
    """

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        """Take an engine; `open` is the way to one that is ready."""
        self._engine = engine
        self.single = isinstance(engine, Engine)
        """Whether no other process can be writing to it."""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="records-write")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="records-read")

    @classmethod
    async def open(cls, url: str) -> "RecordsDatabase":
        """Connect and migrate. `url` is SQLAlchemy's (`sqlite_url` makes the default); PostgreSQL wants asyncpg."""
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            database = cls(create_async_engine(parsed, pool_size=4))
            await database.write(_upgrade)
            return database
        engine = create_engine(parsed.set(drivername="sqlite"), pool_size=4)
        event.listen(engine, "connect", _pragmas)
        event.listen(engine, "begin", _begin)
        database = cls(engine)
        await database.write(_upgrade)
        return database

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction: on disk when this returns, undone when `work` raises."""
        return await self._run(self._writer, work, write=True)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that sees one moment of the database."""
        return await self._run(self._readers, work, write=False)

    async def close(self) -> None:
        """Give back all connections."""
        if isinstance(self._engine, AsyncEngine):
            await self._engine.dispose()
        else:
            self._engine.dispose()
        self._writer.shutdown()
        self._readers.shutdown()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[Connection], T], *, write: bool) -> T:
        if isinstance(self._engine, AsyncEngine):
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)
        return await asyncio.get_running_loop().run_in_executor(threads, self._whole, self._engine, work, write)

    @staticmethod
    def _whole(engine: Engine, work: Callable[[Connection], T], write: bool) -> T:
        """Run one transaction on this thread."""
        with engine.connect().execution_options(standpipe_write=write) as connection, connection.begin():
            return work(connection)


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def insert_once(tx: Connection, table: type[Records], rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows with equal columns, leaving out those whose unique key is there; return how many of one are new."""
    result = tx.execute(_insert_once(tx.dialect.name, table), rows[0] if len(rows) == 1 else list(rows))
    return int(result.rowcount)


@functools.cache
def _insert_once(dialect: str, table: type[Records]) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing()


def _pragmas(connection: Any, _record: Any) -> None:
    """Set a new SQLite connection up: durable commits, patient locks, our own BEGIN."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin a writing transaction with the lock, so that it never fails half-way for want of it."""
    write = connection.get_execution_options().get("standpipe_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
