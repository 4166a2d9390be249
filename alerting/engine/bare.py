"""The alarm of a reading that the engine could not take: no state, no rule file, nothing that can break again."""

from alerting.engine.compiled import with_urgent
from alerting.engine.events import AlertFired, Cause, Event
from standpipe.model.reading import Reading


def bare_alarms(reading: Reading, *, stored_at: int | None, accepted_at: int | None) -> list[Event]:
    """Return an alert for each urgent signal of a reading, keyed by the reading: repeated, it is the same alert."""
    return [
        AlertFired(
            key=f"bare|{rule.id}|{reading.device}|{reading.observed_at}",
            rule=rule,
            device=reading.device,
            kind=reading.kind,
            site=reading.site,
            zone=reading.zone,
            start=reading.observed_at,
            value=None,
            historic=False,
            cause=Cause(
                observed_at=reading.observed_at,
                received_at=reading.received_at,
                stored_at=stored_at,
                accepted_at=accepted_at,
                text=reading.text,
            ),
        )
        for rule in with_urgent(reading.kind, [])
        if rule.when in reading.signals
    ]
