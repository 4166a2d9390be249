"""Every word the pages show, in every language, from words.toml. Never holds a word itself."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_KEY: dict[Language, str] = {"zh-CN": "zh", "en": "en"}


@cache
def read_table() -> dict[str, dict[str, str]]:
    """Return key -> {"zh": …, "en": …}, with dotted keys as the templates use them."""
    with files("console").joinpath("words.toml").open("rb") as file:
        data = tomllib.load(file)
    return {f"{section}.{name}": dict(pair) for section, table in data.items() for name, pair in table.items()}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. Calling it gives a phrase: `words("wall.more", n=3)`."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Return the phrase with its values filled in. Raises KeyError for a key that the table does not have."""
        return read_table()[key][_KEY[self.language]].format(**values)

    def known(self, section: str, name: str) -> str:
        """Return the phrase for a name from outside (a state, a signal), or the name itself where there is none."""
        pair = read_table().get(f"{section}.{name}")
        return name if pair is None else pair[_KEY[self.language]]

    def pick(self, text: Mapping[str, str]) -> str:
        """Return the language's entry of a text that the registry or a rule holds by language, else any other."""
        return text.get(_KEY[self.language]) or text.get(self.language) or next(filter(None, text.values()), "")


def language_of(*candidates: str | None) -> Language:
    """Return the first candidate that is one of ours: query, cookie, setting, in the caller's order."""
    for candidate in candidates:
        for language in LANGUAGES:
            if candidate in (language, _KEY[language]):
                return language
    return "zh-CN"
