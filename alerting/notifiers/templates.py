"""Values of a registered SMS template's variables, taken from a notice. Cut to what the provider lets through."""

from alerting.notifiers import Notice
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault

FIELDS = ("text", "title", "site", "zone", "state", "person", "incident")


def check_fields(config: settings.Notifier) -> None:
    """Raise ConfigError for variables that show something a notice does not have."""
    unknown = [name for name, field in config.template_params.items() if field not in FIELDS]
    if unknown:
        reason = f"shows {config.template_params[unknown[0]]!r}; a notice has: {', '.join(FIELDS)}"
        raise ConfigError([Fault("settings", f"template_params.{unknown[0]}", reason)])


def fill(config: settings.Notifier, notice: Notice) -> dict[str, str]:
    """Return each variable's value, in the order of the settings; a value too long ends with an ellipsis."""
    return {name: _cut(getattr(notice, field), config.template_limit) for name, field in config.template_params.items()}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
