"""The threads that answer queries, each with a cursor of its own: a heavy query never stalls the writer."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb

from storage.tsdb.answer import Result
from storage.tsdb.query import Engine
from storage.tsdb.reading import parse
from storage.tsdb.select import Table
from storage.tsdb.store import Store
from storage.tsdb.syntax import CreateDatabase, QueryError, Select, Statement

THREADS = 2
TIMEOUT = 30.0
"""Seconds that one statement may take."""


class Readers:
    """A small pool of engines."""

    def __init__(self, store: Store) -> None:
        """Take the store whose names and rows are asked about."""
        self._store = store
        self._mine = threading.local()
        self.pool = ThreadPoolExecutor(THREADS, "tsdb-reader", initializer=self._open)

    def _open(self) -> None:
        self._mine.cursor = self._store.connection.cursor()
        self._mine.engine = Engine(self._store, self._mine.cursor)

    def answer(self, q: str, database: str, params: dict[str, Any], render: Callable[[list[Result]], bytes]) -> bytes:
        """Run in a thread of the pool: parse, evaluate, render. Raises QueryError when the text cannot be parsed."""
        return render([result for result in self.results(parse(q, params), database)])

    def databases_to_create(self, q: str) -> list[str]:
        """Return what CREATE DATABASE statements name. Raises QueryError."""
        return [one.name for one in parse(q) if isinstance(one, CreateDatabase)]

    def results(self, statements: list[Statement], database: str) -> list[Result]:
        """Evaluate statements one after the other; after an error the rest is not executed."""
        out: list[Result] = []
        now = time.time_ns()
        for statement in statements:
            if out and out[-1].error:
                out.append(Result(error="not executed"))
                continue
            out.append(self._one(statement, database, now))
        return out

    def _one(self, statement: Statement, database: str, now: int) -> Result:
        cursor: duckdb.DuckDBPyConnection = self._mine.cursor
        timer = threading.Timer(TIMEOUT, cursor.interrupt)
        timer.start()
        select = isinstance(statement, Select)
        try:
            tables = self._run(statement, database, now)
        except QueryError as err:
            return Result(error=str(err))
        except duckdb.InterruptException:
            return Result(error=f"query timeout: took longer than {TIMEOUT:g} s")
        except duckdb.OutOfMemoryException:
            return Result(error="query needs more memory than the store may use")
        except duckdb.Error as err:
            return Result(error=f"embedded store: {str(err).splitlines()[0]}")
        finally:
            timer.cancel()
        return Result(tables, zone=statement.zone if isinstance(statement, Select) else "", timed=select)

    def _run(self, statement: Statement, database: str, now: int) -> list[Table]:
        """Evaluate; once more where a week was dropped between the plan and its execution."""
        engine: Engine = self._mine.engine
        try:
            return engine.run(statement, database, now)
        except duckdb.CatalogException:
            return engine.run(statement, database, now)

    def close(self) -> None:
        """Let the threads end."""
        self.pool.shutdown(cancel_futures=True)
