"""Records into the views that pages are made of. Pure; changes nothing and asks nobody."""

from typing import Any

from alerting.board import CaseFile
from alerting.incidents import State, actions
from alerting.ledger import ledger
from alerting.messages import Places, title
from alerting.views import AlertView, EntryView, IncidentView, NoticeView
from standpipe.model.signal import Signal

_EVENTS = {
    "alarm": {"zh": "报警", "en": "alarm"},
    "re_alarm": {"zh": "再次报警", "en": "alarm again"},
    "clear": {"zh": "设备报告恢复", "en": "the device reports clear"},
    "logic": {"zh": "逻辑确认", "en": "confirmed by logic"},
    "unanswered": {"zh": "无人处理", "en": "no next step"},
    "no_receipt": {"zh": "无送达回执", "en": "no receipt"},
    "acknowledge": {"zh": "已接警", "en": "acknowledged"},
    "confirm": {"zh": "确认火情", "en": "confirmed"},
    "false_alarm": {"zh": "误报", "en": "false alarm"},
    "fault": {"zh": "故障", "en": "fault"},
    "test": {"zh": "测试", "en": "test"},
    "drill": {"zh": "演练", "en": "drill"},
    "reset": {"zh": "复位，结束", "en": "reset, closed"},
    "close": {"zh": "结束", "en": "closed"},
}


def incident_view(case: CaseFile, places: Places) -> IncidentView:
    """Return one incident as a duty officer sees it."""
    row = case.incident
    what, site, zone = title(row.signal), places.site(row.site), places.zone(row.zone)
    device = places.device(row.device)
    names = {
        language: " · ".join(
            part
            for part in (what[language], site.get(language, row.site), zone.get(language, row.zone), device)
            if part
        )
        for language in ("zh", "en")
    }
    return IncidentView(
        id=row.id,
        signal=row.signal,
        state=row.state,
        title=names,
        site=row.site,
        site_name=site,
        zone=row.zone,
        zone_name=zone,
        devices=list(dict.fromkeys(alert.device for alert in case.alerts)) or [row.device],
        opened_at=row.opened_at,
        historic=row.historic,
        actions=[event.value for event in actions(State(row.state), Signal(row.signal))],
        entries=[
            EntryView(at=event.at, event=event.event, actor=event.actor, text=_words(event)) for event in case.events
        ],
        notices=[_notice(notice) for notice in case.notices],
        ledger=ledger(row, case.notices),
    )


def alert_view(row: Any, places: Places) -> AlertView:
    """Return one firing alert."""
    return AlertView(
        id=str(row.id),
        rule=row.rule,
        device=row.device,
        name=places.device(row.device),
        zone=row.zone,
        signal=row.signal,
        since=row.since,
        value=row.value,
        label=row.label or {"en": row.rule},
    )


def mask(address: str) -> str:
    """Return a telephone number of which a person can recognise their own, and nobody else's."""
    return f"{address[:-8]}****{address[-4:]}" if len(address) >= 10 else "****" if address else ""


def _notice(row: Any) -> NoticeView:
    return NoticeView(
        step=row.step,
        person=row.name or row.person,
        channel=row.channel,
        to=mask(row.address),
        state=row.state,
        due_at=row.due_at,
        sent_at=row.sent_at,
        receipt_at=row.receipt_at,
        attempts=row.attempts,
        error=row.error,
    )


def _words(event: Any) -> dict[str, str]:
    """Return the entry's words: the kind of event, and what was said with it."""
    kind = _EVENTS.get(event.event, {"zh": event.event, "en": event.event})
    said = event.text or {}
    if event.event in ("clear", "no_receipt"):
        return dict(said) or kind
    return {
        language: f"{kind[language]}: {extra}" if (extra := said.get(language, "")) else kind[language]
        for language in ("zh", "en")
    }
