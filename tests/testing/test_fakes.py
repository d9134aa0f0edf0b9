"""Actions that record, fail and hang; receivers that keep what they get."""

from __future__ import annotations

import socket
import threading
from urllib.request import Request, urlopen

import pytest

from journeykit import (
    ActionRequest,
    Do,
    Done,
    EmailAction,
    Engine,
    Event,
    Failed,
    Journey,
    ManualClock,
    MemoryStorage,
    Retry,
    Step,
    WebhookAction,
)
from journeykit.actions.templates import Template
from journeykit.model.messages import moment
from journeykit.testing import Recorder, Scenario, SMTPReceiver, WebhookReceiver, answers, approve, failing, hanging
from journeykit.testing.receivers import talking


def request(action: str = "email", customer: str = "ann", **parameters: object) -> ActionRequest:
    return ActionRequest(action, customer, parameters, f"{customer}/1", 1, moment(0), None, "welcome")


def greeting(action: str = "email", **parameters: object) -> Journey:
    return Journey("welcome", entry="Signed Up", steps=[Step("greeted", stage="awareness", do=Do(action, **parameters))])


def test_a_recorder_is_the_actions_of_an_engine() -> None:
    """It answers as scripted, and writes down when."""
    clock, storage = ManualClock("2026-03-02T09:00:00+00:00"), MemoryStorage()
    actions = Recorder("email", given={"sms": lambda _: Failed("no")}, clock=clock, zone="Europe/Berlin")
    actions.answer("email", Retry(after=60), Done())
    engine = Engine([greeting()], storage, actions, clock=clock)
    engine.handle(Event("Signed Up", id="1", customer_id="ann", occurred_at="2026-03-02T09:00:00+00:00"))
    engine.dispatch()
    clock.advance(60)
    engine.dispatch()

    assert [str(one) for one in actions.performed] == ["2026-03-02 10:01 CET  email for ann"]
    assert [one.answer for one in actions.attempts] == [Retry(after=60), Done()]
    assert (list(actions), len(actions), "sms" in actions, "fax" in actions) == (["email", "sms"], 2, True, False)
    assert actions["sms"](request("sms")) == Failed("no")


def test_an_error_is_recorded_and_raised() -> None:
    """An instance, or a class; the engine takes it for a try that did not work, and so does the record."""
    actions = Recorder("email")
    actions.answer("email", ConnectionError("no route"), TimeoutError)
    for error in (ConnectionError, TimeoutError):
        with pytest.raises(error):
            actions["email"](request())

    assert [one.reason for one in actions.attempts] == ["ConnectionError: no route", "TimeoutError: "]
    assert actions.performed == []


def test_a_recorder_in_several_threads() -> None:
    """Each of a hundred scripted answers is given once."""
    actions = Recorder("email")
    actions.answer("email", *[Failed(str(number)) for number in range(101)])
    workers = [threading.Thread(target=lambda: [actions["email"](request()) for _ in range(25)]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(int(one.reason) for one in actions.attempts) == list(range(100))


def test_answers_and_failing() -> None:
    """In order, the last from then on; nothing scripted is done."""
    action = answers(Retry(), lambda asked: Failed(asked.customer_id))
    assert [action(request()) for _ in range(3)] == [Retry(), Failed("ann"), Failed("ann")]
    assert answers()(request()) == Done()
    with pytest.raises(ConnectionError):
        failing(ConnectionError)(request())
    with pytest.raises(TypeError, match="nothing that an action answers"):
        answers(5)


def test_an_action_that_hangs() -> None:
    """It comes back when the event is set, and gives up where nobody sets it."""
    until = threading.Event()
    action, came = hanging(until), []
    thread = threading.Thread(target=lambda: came.append(action(request())))
    thread.start()
    thread.join(0.05)
    assert (thread.is_alive(), came) == (True, [])
    until.set()
    thread.join(60)
    assert came == [Done()]
    with pytest.raises(TimeoutError, match=r"nobody has set the event for 0\.01 seconds"):
        hanging(threading.Event(), seconds=0.01)(request())


def test_an_email_arrives_as_a_customer_would_see_it() -> None:
    """The scenario performs the real action, and the receiver has the e-mail."""
    with SMTPReceiver() as post:
        templates = {"hello": Template(subject="Hello {name}", text="Good morning")}
        email = EmailAction(post.host, post.port, sender="Shop <hello@shop.example>", templates=templates, security="none")
        shop = Scenario(greeting(template="hello", to="ann@example.org", name="Ann"), actions={"email": email})
        shop.event("Signed Up")
        shop.expect("email")

    (mail,) = post.messages
    assert (mail["Subject"], mail["To"], mail.get_content().strip()) == ("Hello Ann", "ann@example.org", "Good morning")
    assert post.envelopes == [("hello@shop.example", ["ann@example.org"])]


def test_a_client_that_says_what_nobody_understands() -> None:
    """Unknown commands, and encryption that there is none of, are answered, not hung up on."""
    with SMTPReceiver() as post, socket.create_connection((post.host, post.port), 5) as line:
        file = line.makefile("rwb")
        said = [file.readline()]
        for command in (b"DANCE\r\n", b"STARTTLS\r\n", b"QUIT\r\n"):
            file.write(command)
            file.flush()
            said.append(file.readline())

    assert said == [b"220 ready\r\n", b"502 not here\r\n", b"454 not here\r\n", b"221 bye\r\n"]


def test_a_webhook_arrives_signed() -> None:
    """Refused once, and then taken: two requests under one id."""
    with WebhookReceiver(503, (200, {"X-Seen": "yes"}, b"")) as receiver:
        hook = WebhookAction(receiver.url, allow=["127.0.0.0/8"], secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        shop = Scenario(greeting("sms", text="hello"), actions={"sms": hook})
        shop.event("Signed Up")
        shop.wait("1 minute")
        shop.expect("sms")

    assert len(receiver.requests) == 2
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    assert b'"text":"hello"' in receiver.requests[0].body.replace(b" ", b"")


def test_a_receiver_listens_in_its_block_only() -> None:
    """Afterwards nobody is there."""
    with WebhookReceiver() as receiver, urlopen(Request(receiver.url, b"x")) as answer:
        assert answer.status == 200
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((receiver.host, receiver.port), 1)


def test_a_socket_that_answers_as_it_likes() -> None:
    """Nonsense, for instance."""
    with talking(lambda sock: sock.sendall(b"what?")) as port, socket.create_connection(("127.0.0.1", port), 5) as line:
        assert line.recv(5) == b"what?"


def test_a_text_is_approved_without_pytest(tmp_path) -> None:
    """The function under the fixture."""
    file = tmp_path / "approved" / "hello.txt"
    with pytest.raises(AssertionError, match="nothing has been approved yet"):
        approve("hello", file)
    approve("hello\n\n", file, write=True)
    approve("hello", file)
    with pytest.raises(AssertionError, match=r"approved/hello\.txt: not as approved"):
        approve("hallo", file)
