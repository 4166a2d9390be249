"""The kinds of notifiers by the name that settings use. Configures nothing else."""

from collections.abc import Callable, Mapping

from alerting.notifiers import Notifier
from alerting.notifiers.sms_http import SmsHttp
from alerting.notifiers.webhook import Webhook
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault

KINDS: dict[str, Callable[[settings.Notifier], Notifier]] = {"webhook": Webhook, "sms_http": SmsHttp}


def build(config: Mapping[str, settings.Notifier]) -> dict[str, Notifier]:
    """Return a notifier for each settings entry. Raises ConfigError naming every unknown kind."""
    faults = [
        Fault("settings", f"notifier.{name}.kind", f"no kind {entry.kind!r}; known: {', '.join(KINDS)}")
        for name, entry in config.items()
        if entry.kind not in KINDS
    ]
    if faults:
        raise ConfigError(faults)
    return {name: KINDS[entry.kind](entry) for name, entry in config.items()}
