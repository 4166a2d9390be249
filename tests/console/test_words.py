"""Both languages say everything, and nothing is said outside the table."""

import re
from pathlib import Path

import pytest

import console
from console.words import LANGUAGES, Words, language_of, read_table

HERE = Path(console.__file__).parent
TEMPLATES = sorted((HERE / "templates").glob("*.html"))
SCRIPTS = sorted((HERE / "static" / "src").glob("*.js"))
KEYS = sorted(read_table())
DYNAMIC = ("readiness", "signal", "state", "event", "cause", "notice", "ledger", "fault", "error")
SPOKEN = re.compile(r"""(?:title|alt|placeholder|aria-label|value|content)="([^"]*)\"""")
SETTINGS = re.compile(r"width=device-width, initial-scale=1|^dark$|includeIndicatorStyles")


def visible(template: str) -> str:
    """What is left of a template when everything that the program fills in is taken away."""
    template = re.sub(r"\{% block state %\}.*?\{% endblock %\}", "", template)
    template = re.sub(r"\{% block kind %\}[a-z ]*\{% endblock %\}", "", template)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template, flags=re.DOTALL)
    spoken = " ".join(found for found in SPOKEN.findall(text) if not SETTINGS.search(found))
    return re.sub(r"<[^>]*>", " ", text) + spoken


@pytest.mark.parametrize("key", KEYS)
def test_a_phrase_exists_in_both_languages_with_the_same_values(key: str) -> None:
    pair = read_table()[key]
    assert set(pair) == {"zh", "en"}
    assert pair["zh"].strip()
    assert pair["en"].strip()
    assert set(re.findall(r"\{(\w+)\}", pair["zh"])) == set(re.findall(r"\{(\w+)\}", pair["en"]))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_words_of_its_own(path: Path) -> None:
    rest = visible(path.read_text(encoding="utf-8")).replace("Standpipe", "")
    assert re.findall(r"[A-Za-z一-鿿]+", rest) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_holds_no_words_of_its_own(path: Path) -> None:
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"[一-鿿]", code) == []
    assert re.findall(r"textContent = [\"'`]", code) == []


def test_no_phrase_is_left_over() -> None:
    sources = [*TEMPLATES, *HERE.glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    left = [key for key in KEYS if key.partition(".")[0] not in DYNAMIC and key not in text]
    assert [key for key in left if not key.startswith("hydrant.span_")] == []


def test_every_phrase_that_a_template_asks_for_exists() -> None:
    asked = {key for path in TEMPLATES for key in re.findall(r"""\bt\(["']([\w.]+)["']""", path.read_text("utf-8"))}
    assert asked - set(KEYS) == set()


@pytest.mark.parametrize(
    ("candidates", "language"),
    [
        (("en", "zh-CN", "zh-CN"), "en"),
        ((None, "en", "zh-CN"), "en"),
        (("fr", None, "en"), "en"),
        ((None, None, "zh-CN"), "zh-CN"),
        (("zh", None, "en"), "zh-CN"),
        (("<script>", "../..", "nonsense"), "zh-CN"),
    ],
)
def test_the_first_known_language_is_taken(candidates: tuple[str | None, ...], language: str) -> None:
    assert language_of(*candidates) == language


def test_a_text_without_the_language_is_shown_in_the_one_it_has() -> None:
    assert Words("zh-CN").pick({"en": "gate"}) == "gate"
    assert Words("en").pick({"zh": "大门", "en": ""}) == "大门"
    assert Words("en").pick({}) == ""


def test_a_name_without_words_is_shown_as_it_is() -> None:
    assert [Words(language).known("signal", "flood") for language in LANGUAGES] == ["flood", "flood"]
