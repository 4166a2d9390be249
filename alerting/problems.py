"""What is wrong with the platform itself, in words for the wall. Pure; mends nothing."""

from collections.abc import Mapping, Sequence

from alerting import watchdog
from alerting.board import Board
from standpipe.model.contacts import Contacts, Plan
from standpipe.model.settings import Settings

START = 10_000
"""After a start, collectors get this long to make contact, ms."""
_NO_PLAN = Plan(steps=[])


def platform_problems(  # noqa: PLR0913 - everything that can be wrong
    board: Board,
    settings: Settings,
    contacts: Contacts,
    *,
    sources: Mapping[str, int],
    data_silent: int,
    failing_since: int | None,
    broken: int,
    troubles: Sequence[dict[str, str]] = (),
    now: int,
    started: int,
) -> list[dict[str, str]]:
    """Return each problem by language, the gravest first."""
    problems: list[dict[str, str]] = []
    if failing_since is not None:
        problems.append({"zh": "警情记录无法写入", "en": "records cannot be written"})
    if broken:
        problems.append({"zh": f"{broken} 条数据无法判断", "en": f"{broken} readings could not be judged, see the log"})
    problems.extend(troubles)
    for case in board.open():
        words = watchdog.without_next_step(case, now=now)
        if words:
            problems.append(
                {language: f"{case.incident.zone or case.incident.device}: {text}" for language, text in words.items()}
            )
    for _, person in watchdog.unsent(board.open()):
        problems.append({"zh": f"无法通知 {person}", "en": f"{person} could not be told"})
    if not settings.notifier:
        problems.append(
            {"zh": "没有配置通知方式，无法通知任何人", "en": "no notifier is configured: nobody can be told"}
        )
    elif not any(step.notify for step in contacts.plan.get("default", _NO_PLAN).steps):
        problems.append({"zh": "默认处置预案为空", "en": "the default plan tells nobody"})
    for collector in watchdog.silent(sources, after=data_silent, now=now):
        problems.append({"zh": f"采集器 {collector[:8]} 无数据", "en": f"collector {collector[:8]} is silent"})
    if not sources and now - started > START:
        problems.append({"zh": "没有采集器连接", "en": "no collector has made contact"})
    return problems
