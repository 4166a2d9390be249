"""Opens the records database, brings it to the newest schema, and hands out transactions. Holds no query."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.records.tables import Records

log = logging.getLogger(__name__)
T = TypeVar("T", bound=Records)
_MIGRATIONS = Path(__file__).parent / "migrations"


class RecordsDatabase:
    """One database, one writer of this process at a time, any number of readers. Made by `open`."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Take an engine; `open` is the way to one that is ready."""
        self._engine = engine
        self.single = engine.dialect.name == "sqlite"
        """Whether no other process can be writing to it."""
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, url: str) -> "RecordsDatabase":
        """Connect and migrate. `url` is SQLAlchemy's, with an async driver (`sqlite_url` makes the default)."""
        engine = create_async_engine(url, pool_size=4, max_overflow=8)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _pragmas)
            event.listen(engine.sync_engine, "begin", _begin)
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.run_sync(_upgrade)
        return cls(engine)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in one transaction: on disk when the block ends, undone when it raises."""
        async with self._writing, self._engine.connect() as connection:
            await connection.execution_options(standpipe_write=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that sees one moment of the database."""
        async with self._engine.connect() as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        """Give back all connections."""
        await self._engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite+aiosqlite:///{path}"


async def insert_once(connection: AsyncConnection, table: type[Records], values: dict[str, Any]) -> bool:
    """Insert a row unless a unique key of it is there already; return whether it is new."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table.__table__).values(**values).on_conflict_do_nothing()  # type: ignore[arg-type]
    result = await connection.execute(statement)
    return bool(result.rowcount)


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
