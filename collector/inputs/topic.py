"""Topic templates: `standpipe/{device_type}/{device}` to a subscription and back from a topic. Pure."""

import re

from standpipe.model.errors import DecodeError

_PLACE = re.compile(r"\{(\w*)\}")
_KNOWN = frozenset({"device", "device_type"})


class TopicTemplate:
    """One template. Each place stands for exactly one level of the topic."""

    def __init__(self, template: str) -> None:
        """Read the template. Raises ValueError naming what is wrong with it."""
        levels = template.split("/")
        self._places: dict[str, int] = {}
        for index, level in enumerate(levels):
            names = _PLACE.findall(level)
            if not names and not set(level) & set("{}+#"):
                continue
            if len(names) != 1 or level != f"{{{names[0]}}}" or names[0] not in _KNOWN:
                raise ValueError(f"topic level {level!r}: expected plain text, {{device_type}} or {{device}}")
            if names[0] in self._places:
                raise ValueError(f"{{{names[0]}}} stands twice in {template!r}")
            self._places[names[0]] = index
        if missing := _KNOWN - self._places.keys():
            raise ValueError(f"topic {template!r} lacks {' and '.join(f'{{{name}}}' for name in sorted(missing))}")
        self._levels = levels
        self.subscription = "/".join("+" if index in self._places.values() else lv for index, lv in enumerate(levels))

    def read(self, topic: str) -> tuple[str, str]:
        """Return (device type, device) of a topic. Raises DecodeError when the template does not fit."""
        levels = topic.split("/")
        fits = len(levels) == len(self._levels) and all(
            index in self._places.values() or level == levels[index] for index, level in enumerate(self._levels)
        )
        if not fits:
            raise DecodeError(f"topic {topic!r} does not fit the template {'/'.join(self._levels)!r}")
        return levels[self._places["device_type"]], levels[self._places["device"]]
