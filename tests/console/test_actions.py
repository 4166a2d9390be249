"""What people do to incidents: once, with a name, from our own pages, and only what the state allows."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from console.rehearsal import Rehearsal

Desk = Callable[..., TestClient]
URL = "/incidents/inc-1"


@pytest.fixture
def busy(service: Rehearsal) -> Rehearsal:
    service.play("busy")
    return service


def form(event: str, **values: str) -> dict[str, str]:
    return {"event": event, "person": "王海", "note": "", "cause": "", "token": "t1"} | values


def test_acknowledging_moves_the_incident_and_remembers_the_person(busy: Rehearsal, browser: TestClient) -> None:
    answer = browser.post(URL, data=form("acknowledge", note="on my way"))
    assert answer.status_code == 303
    assert answer.headers["location"] == URL
    assert busy.acted == [("inc-1", "acknowledge", "王海", "on my way", "")]
    page = browser.get(URL).text
    assert "Acknowledged" in page
    assert 'value="王海"' in page


def test_the_same_form_sent_twice_acts_once(busy: Rehearsal, browser: TestClient) -> None:
    answers = [browser.post(URL, data=form("confirm")).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert len(busy.acted) == 1


def test_what_the_state_does_not_allow_is_said_in_words(busy: Rehearsal, browser: TestClient) -> None:
    browser.post(URL, data=form("false_alarm", cause="false_env"))
    answer = browser.post(URL, data=form("acknowledge", token="t2"))
    assert answer.status_code == 409
    assert "“Acknowledge” was not done: the incident is now “False alarm”" in answer.text
    assert len(busy.acted) == 1


def test_a_refused_form_may_be_sent_again(busy: Rehearsal, browser: TestClient) -> None:
    assert browser.post(URL, data=form("reset")).status_code == 409
    browser.post(URL, data=form("confirm", token="t2"))
    assert browser.post(URL, data=form("reset")).status_code == 303
    assert busy.incidents["inc-1"].state == "closed"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"person": ""}, "Please give your name first."),
        ({"person": "   "}, "Please give your name first."),
        ({"event": "false_alarm"}, "Please choose why it was a false alarm."),
        ({"event": "false_alarm", "cause": "boredom"}, "Please choose why it was a false alarm."),
        ({"event": ""}, "No action was chosen."),
        ({"event": "alarm"}, "No action was chosen."),
        ({"event": "logic"}, "No action was chosen."),
    ],
)
def test_an_incomplete_form_is_explained_and_does_nothing(
    busy: Rehearsal, browser: TestClient, values: dict[str, str], words: str
) -> None:
    answer = browser.post(URL, data=form("acknowledge") | values)
    assert answer.status_code == 400
    assert words in answer.text
    assert busy.acted == []


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", "http://127.0.0.1:9999", "http://localhost:8080"]
)
def test_a_form_from_elsewhere_is_refused(busy: Rehearsal, browser: TestClient, origin: str) -> None:
    assert browser.post(URL, data=form("confirm"), headers={"Origin": origin}).status_code == 403
    assert browser.post(URL + "/displayed", headers={"Origin": origin}).status_code == 403
    assert busy.acted == []
    assert busy.displayed_at == {}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8080", ""])
def test_without_a_password_only_this_machines_own_names_are_answered(
    busy: Rehearsal, browser: TestClient, host: str
) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_this_machines_own_names_are_answered(browser: TestClient, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 200


def test_only_the_first_display_counts(busy: Rehearsal, browser: TestClient, clock: object) -> None:
    first = clock.ms  # type: ignore[attr-defined]
    assert browser.post(URL + "/displayed").status_code == 204
    clock.ms += 5_000  # type: ignore[attr-defined]
    assert browser.post(URL + "/displayed").status_code == 204
    assert busy.displayed_at == {"inc-1": first}
    assert browser.post("/incidents/nobody/displayed").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"), [(b"event=acknowledge&note=" + b"x" * 20_000, 413), (b"\xff\xfe", 400), (b"a&" * 30, 400)]
)
def test_a_body_that_is_no_form_is_refused(busy: Rehearsal, browser: TestClient, body: bytes, status: int) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser.post(URL, content=body, headers=kind).status_code == status
    assert busy.acted == []


def test_a_name_is_one_short_line(busy: Rehearsal, browser: TestClient) -> None:
    browser.post(URL, data=form("acknowledge", person="A\r\nSet-Cookie: x\0" + "b" * 90))
    person = busy.acted[0][2]
    assert person.isprintable()
    assert len(person) == 40


def test_only_what_the_state_offers_has_a_button(busy: Rehearsal, browser: TestClient) -> None:
    browser.post(URL, data=form("confirm"))
    text = browser.get(URL + "/actions").text
    assert 'value="reset"' in text
    assert 'value="acknowledge"' not in text
