"""Words in two languages, kept as leaves of a tree until a language is chosen. Knows no Grafana."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

FILE = Path(__file__).with_name("words.toml")

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDERS: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
"""Language -> name of its folder of dashboards."""

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object on its way to a file; its leaves may be Text or Uid."""


@dataclass(frozen=True, slots=True)
class Text:
    """One phrase in both languages."""

    zh: str
    en: str

    def format(self, **values: "str | Text") -> "Text":
        """Return the phrase with its {names} replaced, each language by its own."""
        return Text(*(getattr(self, lang).format(**{k: say(v, lang) for k, v in values.items()}) for lang in LANGUAGES))


@dataclass(frozen=True, slots=True)
class Uid:
    """Identity of one of our dashboards, before the language is added: `hydrant-pressure` -> `hydrant-pressure-zh`."""

    name: str


def say(value: "str | Text", language: Language) -> str:
    """Return a phrase in one language; plain strings are the same in both."""
    return getattr(value, language) if isinstance(value, Text) else value


def text_of(label: Mapping[str, str]) -> Text:
    """Return a manifest's label as Text; a missing language falls back to English, then to any."""
    fallback = label.get("en") or next(iter(label.values()), "")
    return Text(label.get("zh", fallback), label.get("en", fallback))


def localise(tree: Any, language: Language) -> Any:
    """Return a copy of the tree with every Text and Uid turned into a string of one language."""
    if isinstance(tree, Text):
        return getattr(tree, language)
    if isinstance(tree, Uid):
        return f"{tree.name}-{language}"
    if isinstance(tree, Link):
        return tree.url.format(**{name: f"{uid}-{language}" for name, uid in tree.boards.items()})
    if isinstance(tree, Mapping):
        return {key: localise(value, language) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [localise(value, language) for value in tree]
    return tree


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that names our dashboards: `/d/{one}?…` with boards = {"one": "one-hydrant"}. Braces of Grafana doubled."""

    url: str
    boards: Mapping[str, str]


class Words:
    """The phrases of words.toml by dotted key, and which of them were asked for."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Take the parsed file: tables whose leaves are { zh = …, en = … }."""
        self._phrases: dict[str, Text] = {}
        self._collect("", tables)
        self.used: set[str] = set()

    @classmethod
    def read(cls, path: Path = FILE) -> "Words":
        """Read the file that comes with Standpipe."""
        return cls(tomllib.loads(path.read_text(encoding="utf-8")))

    def __call__(self, key: str) -> Text:
        """Return a phrase. Raises KeyError naming the key and the file."""
        if key not in self._phrases:
            raise KeyError(f"words.toml has no {key}")
        self.used.add(key)
        return self._phrases[key]

    @property
    def unused(self) -> list[str]:
        """Return keys that nothing has asked for."""
        return sorted(self._phrases.keys() - self.used)

    def _collect(self, prefix: str, table: Mapping[str, Any]) -> None:
        """Walk the tables down to the leaves. Raises ValueError for a phrase without both languages."""
        if table and all(isinstance(value, str) for value in table.values()):
            if table.keys() != set(LANGUAGES):
                raise ValueError(f"words.toml: {prefix} has {sorted(table)}; expected zh and en")
            self._phrases[prefix] = Text(zh=table["zh"], en=table["en"])
            return
        for key, value in table.items():
            self._collect(f"{prefix}.{key}" if prefix else key, value)
