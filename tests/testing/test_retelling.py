"""A story told again: as a transcript, and as Python whose execution comes to the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from journeykit import Catalog, Do, Done, Failed, Journey, On, Retry, SQLiteStorage, Start, Step, load
from journeykit.testing import Scenario

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
CART = Journey(
    "recover-cart",
    key="cart_id",
    entry="Product Added",
    exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder")),
    ],
)
MANNERS = Catalog(actions={"email": "marketing"}, policies=["quiet 22:00 to 02:00", "at most 1 in 1 day"])


def shop_of_two() -> Scenario:
    """A night in which the clock goes back, a cap, a killed engine, somebody else."""
    shop = Scenario([CART], at="2026-10-25 00:30", zone="Europe/Berlin", catalog=MANNERS)
    shop.identify("ann", zone="Europe/Berlin", traits={"class": "gold's"})
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")
    shop.event("Product Added", customer="bob", cart_id="c1", **{"odd name": 1, "class": 2}, at=datetime(2026, 10, 24, 22, tzinfo=UTC))
    shop.event("Product Added", customer="bob", id="Product Added 3", cart_id="c1")
    shop.event("Product Added", cart_id="c2", more={"at": "the till", "lines": [{"sku": 7}, None]})
    shop.stop_worker()
    shop.kill("performed")
    shop.wait("30 minutes 1 second")
    shop.start_worker()
    shop.until("2026-10-25 09:00")
    return shop


TRANSCRIPT = """\
2026-10-25 00:30 CEST    ann  identify zone='Europe/Berlin', traits={'class': "gold's"}
2026-10-25 00:30 CEST    ann  Product Added cart_id='c1'
2026-10-25 02:30 CEST    bob  Product Added at='2026-10-24T22:00:00+00:00', cart_id='c1', odd name=1, class=2
2026-10-25 02:30 CEST    bob  Product Added id='Product Added 3', cart_id='c1'
2026-10-25 02:30 CEST    ann  Product Added more={'at': 'the till', 'lines': [{'sku': 7}, None]}, cart_id='c2'
2026-10-25 02:30 CEST    stop_worker
2026-10-25 02:30 CEST    kill performed
2026-10-25 02:00:01 CET  start_worker
2026-10-25 02:00:01 CET  ann    email template='cart-reminder'
2026-10-25 02:05:01 CET  ann    email template='cart-reminder'
2026-10-25 03:30 CET     bob    email template='cart-reminder'
2026-10-25 03:30 CET     ann    email template='cart-reminder'; dropped: frequency cap: at most 1 in 1 day
2026-10-25 09:00 CET     the end
"""


def test_a_transcript_is_everything_told_and_heard() -> None:
    """A line each, in order of time; also what was not heard, and why not."""
    shop = shop_of_two()

    assert shop.transcript() == TRANSCRIPT
    assert str(shop) == TRANSCRIPT


def test_a_transcript_of_one_customer() -> None:
    """What is about nobody in particular belongs to each story."""
    of_bob = shop_of_two().transcript("bob").splitlines()

    assert [line[25:] for line in of_bob] == [line[25:] for line in TRANSCRIPT.splitlines() if "ann" not in line]


def test_what_is_held_or_given_up_stands_in_the_transcript() -> None:
    """The policy that held it and until when; the last answer of an action that never worked."""
    greet = Journey("greet", stage="awareness", entry="Begin", steps=[Step("hello", do=["email", "letter"])])
    night = Catalog(actions={"email": "marketing", "letter": "none"}, policies=["quiet 22:00 to 08:00"])
    shop = Scenario(greet, night, at="2026-03-02 23:30", actions={"letter": lambda _: Retry(after=0, reason="no stamps")})
    shop.identify("ann", zone="UTC")
    shop.event("Begin")
    shop.until("2026-03-03 09:00")

    assert shop.transcript() == (
        "2026-03-02 23:30 UTC  ann  identify zone='UTC'\n"
        "2026-03-02 23:30 UTC  ann  Begin\n"
        "2026-03-02 23:30 UTC  ann    email; held until 2026-03-03 08:00 UTC: quiet hours: 22:00 to 08:00\n"
        "2026-03-02 23:30 UTC  ann    letter; dead: 8 attempts; the last: no stamps\n"
        "2026-03-03 08:00 UTC  ann    email\n"
        "2026-03-03 09:00 UTC  the end\n"
    )


def test_a_transcript_lets_the_instant_pass_and_a_look_at_the_text_does_not() -> None:
    """What is due now has happened for whoever keeps the text; to print a scenario changes nothing."""
    shop = Scenario(CART, at="2026-03-02 09:00")
    shop.event("Product Added", cart_id="c1")
    shop.wait("2 hours")

    assert "email" not in str(shop)
    assert "2026-03-02 11:00 UTC  ann    email template='cart-reminder'\n" in shop.transcript()


def run(code: str, **names: Any) -> Scenario:
    exec(compile(code, "<pasted>", "exec"), names)
    return names["shop"]


def test_the_code_tells_the_same_story() -> None:
    """Pasted and executed it comes to the same, to the last word; the definitions are written out."""
    shop = shop_of_two()
    code = shop.as_code()
    again = run(code)

    assert again.transcript() == shop.transcript()
    assert again.performed == shop.performed
    assert again.as_code() == code
    assert code.startswith(
        'from journeykit import loads\nfrom journeykit.testing import Scenario\n\nrecover_cart = loads(r"""\njourney: recover'
    )
    assert code[code.index("shop = ") :].splitlines() == [
        'shop = Scenario(recover_cart, catalog, at="2026-10-25 00:30", zone="Europe/Berlin")',
        'shop.identify("ann", zone="Europe/Berlin", traits={"class": "gold\'s"})',
        'shop.event("Product Added", customer="ann", cart_id="c1")',
        'shop.wait("2 hours")',
        'shop.event("Product Added", customer="bob", at="2026-10-24T22:00:00+00:00", cart_id="c1", **{"odd name": 1, "class": 2})',
        'shop.event("Product Added", customer="bob", id="Product Added 3", cart_id="c1")',
        'shop.event("Product Added", customer="ann", more={"at": "the till", "lines": [{"sku": 7}, None]}, cart_id="c2")',
        "shop.stop_worker()",
        'shop.kill("performed")',
        'shop.wait("30 minutes 1 second")',
        "shop.start_worker()",
        'shop.until("2026-10-25 09:00")',
        'shop.expect("email", at="2026-10-25T01:00:01+00:00", customer="ann", template="cart-reminder")',
        'shop.expect("email", at="2026-10-25T01:05:01+00:00", customer="ann", template="cart-reminder")',
        'shop.expect("email", at="2026-10-25 03:30", customer="bob", template="cart-reminder")',
        "shop.expect_nothing_else()",
    ]


def test_an_expectation_of_the_code_can_fail() -> None:
    """With another journey the pasted story ends at the first thing that is not as it was."""
    code = shop_of_two().as_code()

    with pytest.raises(
        AssertionError, match="expected email template='cart-reminder' for ann at 2026-10-25 02:00:01 CET, but\n  it came otherwise"
    ):
        run(code.replace("wait: 2 hours", "wait: 3 hours"))


def test_what_cannot_be_written_stands_there_by_its_name(tmp_path: Path) -> None:
    """The reader's test has the actions; the storage is left out where nothing is said of it, and an argument may be written otherwise."""
    answers = {"email": lambda _: None}
    storage = SQLiteStorage(tmp_path / "shop.db")
    shop = Scenario(CART, at="2026-03-02 09:00", actions=answers, storage=storage, lease=60)
    shop.event("Product Added", cart_id="c1")

    short = shop.as_code(definitions="[CART]", expected=False)
    assert short == (
        "from journeykit.testing import Scenario\n"
        "\n"
        'shop = Scenario(*[CART], at="2026-03-02 09:00", zone="UTC", actions=actions, lease=60)\n'
        'shop.event("Product Added", customer="ann", cart_id="c1")\n'
    )
    assert run(short, CART=CART, actions=answers).step() == "left"
    assert 'zone="UTC", storage=storage(), actions=ANSWERS, lease=60)' in shop.as_code(storage="storage()", actions="ANSWERS")
    storage.close()


def test_journeys_whose_names_are_none_in_python() -> None:
    """Each gets a name of its own."""
    names = ("class", "shop", "9 to 5", "9-to 5", "loads")
    journeys = [Journey(name, stage="purchase", entry=f"Begin {name}", steps=[Step("in", do="email")]) for name in names]
    journeys.append(Journey("asks", stage="purchase", entry=On("A", where='event.text == \'"""\''), steps=[Step("in", do=Start("shop"))]))
    shop = Scenario(*journeys)
    shop.event("A", text='"""')
    code = shop.as_code()

    assert "shop = Scenario(class_, shop_, _9_to_5, _9_to_5_2, loads_, asks, at=" in code
    assert run(code).performed == shop.performed
    assert len(shop.performed) == 1


def test_all_recipes_are_written_out_and_read_again() -> None:
    """What an author may write in YAML stands in the code as well."""
    for file in ("ajo-diamond", "acc-birthday", "braze-back-in-stock-limited"):
        values = load(RECIPES / f"{file}.yaml")
        catalog = load(RECIPES / "catalog.yaml")
        shop = Scenario(values, catalog)
        assert run(shop.as_code()).told[0].arguments == (*values, *catalog)


def test_scripts_arms_and_doors_are_told_again() -> None:
    """What an action answers, which arm somebody is in, and whom the host lets in."""
    wording = Journey(
        "wording",
        stage="awareness",
        key="of",
        steps=[
            Step("drawn", then="50% short, 50% long as words"),
            Step("short", do="email", then="over"),
            Step("long", do="sms"),
            Step("over"),
        ],
    )
    shop = Scenario(wording, at="2026-03-02 09:00", arms={"words": "short"})
    shop.arm("bob", "words", "long")
    shop.answer("email", Retry(60, "mailbox full"), ValueError("no"), Failed("gone"))
    shop.answer("sms", Retry(), Done("Sent", {"id": 7}), customer="bob")
    shop.enroll("wording", key="x", data={"total": 5})
    shop.enroll("wording", "bob", key="y")
    shop.wait("1 hour")
    code = shop.as_code(definitions="[WORDING]")

    assert code.splitlines()[:9] == [
        "from journeykit import Done, Failed, Retry",
        "from journeykit.testing import Scenario",
        "",
        'shop = Scenario(*[WORDING], at="2026-03-02 09:00", zone="UTC", arms={"words": "short"})',
        'shop.arm("bob", "words", "long")',
        'shop.answer("email", Retry(after=60, reason="mailbox full"), ValueError(\'no\'), Failed(reason="gone"))',
        'shop.answer("sms", Retry(), Done(event="Sent", properties={"id": 7}), customer="bob")',
        'shop.enroll("wording", customer="ann", key="x", data={"total": 5})',
        'shop.enroll("wording", customer="bob", key="y")',
    ]
    again = run(code, WORDING=wording)
    assert again.transcript() == shop.transcript()
    assert [(one.request.action, one.request.attempt, one.reason) for one in again.attempts] == [
        ("email", 1, "mailbox full"), ("sms", 1, ""), ("sms", 2, ""), ("email", 2, "ValueError: no"), ("email", 3, "gone"),
    ]  # fmt: skip


def test_an_answer_that_is_a_function_stands_there_by_its_name() -> None:
    """The reader's test has it."""

    def decline(_: object) -> Failed:
        return Failed("never")

    shop = Scenario(CART, at="2026-03-02 09:00")
    shop.answer("email", decline, TimeoutError)

    assert shop.as_code(definitions="[CART]", expected=False).splitlines()[-1] == 'shop.answer("email", decline, TimeoutError)'
