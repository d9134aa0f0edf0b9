"""P21: a customer is erased, or told all that is kept; what is too old is let go."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from journeykit import Catalog, Do, Entry, Journey, MemoryStorage, PostgresStorage, SQLiteStorage, Start, Step, Transition, UnknownError
from journeykit.model.messages import moment
from journeykit.model.records import Commit, Want
from journeykit.ports import Storage
from journeykit.runtime.why import replay
from shop import Shop

CATALOG = Catalog(facts={"spent": "sum of Order Completed.total", "recent": "count of Order Completed in 400 days"})
WELCOME = Journey(
    "welcome",
    entry="Signed Up",
    steps=[Step("greeted", stage="awareness", do=Do("email", greeting="{event.first_name}"), wait="2 days"), Step("told")],
)
CART = Journey(
    "cart",
    key="cart_id",
    entry="Product Added",
    steps=[Step("left", stage="consideration", wait="300 days", do=Do("ticket", about="{event.product}"))],
)
FRIEND = Journey("friend", stage="advocacy", steps=[Step("invited", do=Do("email", template="invited"), wait="1 day"), Step("done")])
REFER = Journey(
    "refer",
    entry="Friend Invited",
    steps=[
        Step("asked", stage="advocacy", when={"Confirmed": Transition("told", do=Start("friend", customer="event.friend"))}),
        Step("told"),
    ],
)
ALL = (CATALOG, WELCOME, CART, FRIEND, REFER)


def words(random: Random) -> str:
    """Something that only one customer has ever said."""
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(12))


def live(shop: Shop, customer: str, seed: int) -> set[str]:
    """A customer who does a little of everything; return every value that they have sent."""
    random, said = Random(seed), {customer}

    def say(name: str, **properties: object) -> None:
        event_id = f"id-{words(random)}"
        said.update({event_id, *(value for value in properties.values() if isinstance(value, str))})
        shop.event(name, customer, id=event_id, **properties)

    say("Signed Up", first_name=words(random))
    say("Friend Invited", friend="ben")
    say("Confirmed", friend="ben", note=words(random))
    for _ in range(30):
        say("Product Added", cart_id=words(random), product=words(random))
        say("Order Completed", total=random.randrange(100), city=words(random))
        shop.wait("1 hour")
    traits = [" ".join(words(random) for _ in range(60 - 5 * number)) for number in range(10)]  # each leaves more free space behind
    for trait in traits:
        shop.identify(customer, traits={"street": trait}, consent={"email": True}, zone="Europe/Berlin")
    return {*said, *(trait[-12:] for trait in traits)} - {"ben"}


def test_not_a_byte_of_an_erased_customer_is_left(tmp_path: Path) -> None:
    """After `erase` and `purge`, database and write-ahead log hold no value that Ann ever sent, under none of her ids; Ben's are there."""
    storage = SQLiteStorage(tmp_path / "shop.db")
    shop = Shop(*ALL, storage=storage)
    with storage._connections.transaction("begin") as cursor:
        cursor.execute("pragma secure_delete = 0")  # some builds of SQLite overwrite whatever is freed, others do not
    said = live(shop, "ann-the-first", 1) | live(shop, "cookie-4711", 2)
    bens = live(shop, "ben", 3)
    shop.engine.merge("ann-the-first", "cookie-4711", id="login-of-ann")
    pages = {f"page {number} of her diary" for number in range(2_000)}
    shop.identify("ann-the-first", traits={"diary": "; ".join(sorted(pages))})
    shop.identify("ann-the-first", traits={"diary": "burnt"})  # what it took in the file is free now, and still holds it
    said |= pages
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [value for value in said if value.encode() not in found] == []

    assert shop.engine.erase("cookie-4711")
    storage.purge()
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [value for value in {*said, "login-of-ann"} if value.encode() in left] == []
    assert [value for value in bens if value.encode() not in left] == []


@pytest.mark.skipif("JOURNEYKIT_TEST_POSTGRES" in os.environ, reason="the files of that server are not ours to read")
def test_not_a_byte_is_left_in_the_files_of_postgresql(postgres: str) -> None:
    """After `erase` and `purge`, and once the server has let go of its old write-ahead log, no file of it holds a value of Ann's."""
    storage = PostgresStorage(postgres)
    shop = Shop(*ALL, storage=storage)
    with psycopg.connect(postgres, autocommit=True) as server:
        folder = Path(server.execute("show data_directory").fetchone()[0])
        log_is_kept(server, "off")
        said = live(shop, "ann-the-first", 11) | live(shop, "cookie-4711", 12)
        bens = live(shop, "ben", 13)
        shop.engine.merge("ann-the-first", "cookie-4711", id="login-of-ann")
        server.execute("analyze")  # the planner keeps samples of values
        server.execute("checkpoint")
        found = files(folder)
        assert [value for value in said if value.encode() not in found] == []

        assert shop.engine.erase("cookie-4711")
        storage.purge()
        server.execute("select pg_switch_wal()")
        server.execute("checkpoint")
        left = files(folder)
        log_is_kept(server, "on")
    storage.close()
    assert [value for value in {*said, "login-of-ann"} if value.encode() in left] == []
    assert [value for value in bens if value.encode() not in left] == []


def log_is_kept(server: psycopg.Connection, recycle: str) -> None:
    """Whether files of the write-ahead log that are done with are used again, with what is in them."""
    server.execute(f"alter system set wal_recycle = {recycle}")
    server.execute("select pg_reload_conf()")


def files(folder: Path) -> bytes:
    """All that a server has on its disk; what goes meanwhile is gone."""
    found: list[bytes] = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found.append(path.read_bytes() if path.is_file() else b"")
    return b"\0".join(found)


def test_erasing_alone_leaves_no_row(tmp_path: Path) -> None:
    """Without `purge`, what a reader of the tables sees is gone all the same, also of somebody whose journey Ann has started."""
    shop = Shop(*ALL, storage=SQLiteStorage(tmp_path / "shop.db"))
    said = live(shop, "ann-the-first", 1)
    shop.wait("2 days")
    assert shop.engine.erase("ann-the-first")
    database = sqlite3.connect(tmp_path / "shop.db")
    dump = "\n".join(database.iterdump())
    database.close()

    assert [value for value in said if value in dump] == []
    assert shop.inside("friend", customer="ben").status == "completed"
    assert "erased-" in dump  # who has invited Ben


@pytest.fixture(name="storage", params=["memory", "sqlite", "postgres"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage: Storage
    if request.param == "postgres":
        storage = PostgresStorage(request.getfixturevalue("postgres"))
    else:
        storage = MemoryStorage() if request.param == "memory" else SQLiteStorage(tmp_path / "shop.db")
    storage.migrate()
    yield storage
    storage.close()


class Meanwhile:
    """A storage under which something happens once, between the deciding and the writing."""

    def __init__(self, storage: Storage, act: Callable[[], object]) -> None:
        self._storage = storage
        self._act: Callable[[], object] | None = act

    def commit_many(self, commits: Iterable[Commit]) -> None:
        """Let them be decided, let it happen, and write."""
        decided, act = list(commits), self._act
        if act is not None:
            self._act = None
            act()
        self._storage.commit_many(decided)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


def test_who_has_just_read_what_the_erased_has_sent_reads_it_again(storage: Storage) -> None:
    """Ann has invited Ben. A worker has read his mailbox when she is erased: he is invited once, and nothing names her."""
    shop = Shop(*ALL, storage=storage)
    shop.event("Friend Invited", "ann", friend="ben")
    shop.event("Confirmed", "ann", friend="ben")
    overtaken = Meanwhile(storage, lambda: shop.engine.erase("ann"))
    late = Shop(*ALL, storage=overtaken)
    late.engine.run_due()
    late.engine.run_due()  # whoever was overtaken may leave it to the next look
    told = [(entry.kind, entry.target) for entry in storage.history("ben")]
    known = [(logged.event.name, logged.state, "ann" in f"{logged.event.id} {logged.event.properties}") for logged in storage.events("ben")]

    assert overtaken._act is None
    assert told == [("entered", "invited")]
    assert known == [("$enter", "decided", False)]
    assert storage.next_due() == shop.clock.now()  # the message; nothing is left in the mailbox


def test_a_replay_of_a_friend_of_the_erased_comes_to_the_same() -> None:
    """Ben's log names nobody any more, and still says what happened to him."""
    shop = Shop(*ALL)
    live(shop, "ann", 1)
    shop.engine.erase("ann")
    (loaded,) = shop.storage.load_many([Want("ben", None)])
    commits = replay(shop.engine.definitions.compiled, loaded, shop.storage.events("ben"))

    assert [entry for commit in commits for entry in commit.history] == shop.storage.history("ben")


def test_who_was_erased_is_not_welcomed_twice_and_sent_no_marketing() -> None:
    """Ann comes back: once stays once, also under a key; she is sent nothing before she has agreed again."""
    shop = Shop(Catalog(policies=("consent opt-out",)), WELCOME, Journey(
        "cart", key="cart_id", entry="Product Added", steps=[Step("left", stage="consideration", do=Do("email", template="cart"))],
    ))  # fmt: skip
    shop.event("Signed Up", first_name="Ann")
    shop.event("Product Added", cart_id="c1")
    shop.work()
    shop.engine.erase("ann")
    shop.event("Signed Up", first_name="Ann")
    shop.event("Product Added", cart_id="c1")
    shop.event("Product Added", cart_id="c2")
    shop.work()

    assert shop.told() == [
        "03-02 09:00 refused once", "03-02 09:00 refused once", "03-02 09:00 entered left", "03-02 09:00 completed",
    ]  # fmt: skip
    assert [(row.state, row.reason) for row in shop.engine.outbox()] == [("dropped", "erased: no consent has been given since")]

    shop.identify(consent={"email": True})
    shop.event("Product Added", cart_id="c3")
    shop.work()
    assert [row.state for row in shop.engine.outbox()] == ["dropped", "performed"]


def test_the_hash_remembers_over_several_erasures_and_processes(tmp_path: Path) -> None:
    """Erased, back, and erased again, seen by another process: once is still once."""
    for number in range(3):
        shop = Shop(WELCOME, storage=SQLiteStorage(tmp_path / "shop.db"))
        shop.event("Signed Up", id=f"s{number}", first_name="Ann")
        assert shop.told()[-1:] == ["03-02 09:00 entered greeted" if number == 0 else "03-02 09:00 refused once"]
        assert shop.engine.erase("ann")
        assert shop.storage.customers() == []


def test_an_old_id_of_the_erased_is_nobodys(storage: Storage) -> None:
    """A process that has met the visitor as Ann tells what they do after Ann was erased under their own id; and the other way round they may be one."""
    shop = Shop(WELCOME, CART, storage=storage)
    shop.event("Signed Up", "visitor", first_name="Ann")
    shop.engine.merge("ann", "visitor", id="m1")
    shop.event("Product Added", "visitor", cart_id="c1", product="tea")
    assert storage.customers() == ["ann"]
    assert shop.engine.erase("ann")

    shop.event("Product Added", "visitor", cart_id="c2", product="tea")
    assert storage.customers() == ["visitor"]
    assert shop.engine.merge("visitor", "ann", id="m2").status == "decided"
    shop.event("Product Added", "ann", cart_id="c3", product="tea")
    shop.event("Product Added", "visitor", cart_id="c4", product="tea")
    assert [logged.event.properties["cart_id"] for logged in storage.events("visitor", names=["Product Added"])] == ["c2", "c3", "c4"]


def test_erasing_nobody_is_remembered() -> None:
    """Whoever is not known can be erased before they come: they are sent no marketing."""
    shop = Shop(WELCOME)
    assert shop.engine.erase("ann") is False
    shop.event("Signed Up", first_name="Ann")
    shop.work()

    assert [row.reason for row in shop.engine.outbox()] == ["erased: no consent has been given since"]


def test_quotas_stay_as_they_are() -> None:
    """What Ann has taken of a shared number is taken, and nobody knows by whom."""
    coupon = Journey("coupon", entry="Asked", steps=[
        Step("asked", stage="purchase", then=[Transition("given", take="coupons, 1"), Transition("sorry")]),
        Step("given", do=Do("email", template="coupon"), then="end"), Step("sorry", do=Do("email", template="sorry")), Step("end", end="completed"),
    ])  # fmt: skip
    shop = Shop(coupon)
    shop.event("Asked", "ann")
    shop.engine.erase("ann")
    shop.event("Asked", "ben")
    shop.work()

    assert shop.sent == ["2026-03-02 09:00 ben email sorry"]


def test_an_export_holds_everything_and_is_json() -> None:
    """What is known, every event, enrollment, line of history and message, of both ids; it survives JSON."""
    shop = Shop(*ALL)
    said = live(shop, "ann", 1) | live(shop, "cookie", 2)
    shop.engine.merge("ann", "cookie", id="login")
    told = shop.engine.export("cookie")
    text = json.dumps(told)

    assert json.loads(text) == told
    assert [value for value in said if value not in text] == []
    assert (told["customer"], told["also"]) == ("ann", ["cookie"])
    assert sorted(told) == ["also", "at", "customer", "enrollments", "events", "history", "known", "looks again", "messages"]
    with pytest.raises(UnknownError, match='nothing is known of a customer "nobody"'):
        shop.engine.export("nobody")


def year(storage: Storage | None = None) -> Shop:
    """Somebody who orders every thirty days, for two years."""
    shop = Shop(CATALOG, WELCOME, Journey(
        "thanks", entry="Order Completed", reentry="always", steps=[
            Step("ordered", stage="retention", wait="10 days"), Step("asked", do=Do("email", template="review")),
        ],
    ), storage=storage)  # fmt: skip
    shop.event("Signed Up", id="s", first_name="Ann")
    for number in range(24):
        shop.event("Order Completed", id=f"o{number}", total=10, city="Kiel")
        shop.wait("30 days")
    return shop


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_is_too_old_is_let_go_and_nothing_else_changes(tmp_path: Path, kind: str) -> None:
    """After a year the orders say nothing any more, but are known; facts stay, a replay begins at the snapshot and comes to the same."""
    shop = year(SQLiteStorage(tmp_path / "shop.db") if kind == "sqlite" else None)
    (before,) = shop.storage.load_many([Want("ann", None)])
    told = [row.message.parameters for row in shop.engine.outbox()]
    assert shop.engine.retain(before="2027-03-02T09:00:00+00:00", history=True) == 1
    assert shop.engine.retain(before="2027-03-02T09:00:00+00:00", history=True) == 0
    (after,) = shop.storage.load_many([Want("ann", None)])
    events = shop.storage.events("ann")
    snapshot = shop.storage.snapshot("ann")
    assert snapshot is not None

    assert (after.facts, after.enrollments, after.revision) == (before.facts, before.enrollments, before.revision)
    assert [bool(one.event.properties) for one in events] == [False] * 14 + [True] * 11
    assert min(entry.at for entry in shop.storage.history("ann")) >= snapshot.before
    assert [bool(row.message.parameters) for row in shop.engine.outbox()] == [False] * (len(told) - 12) + [True] * 12
    assert shop.event("Order Completed", id="o3", total=10).status == "duplicate"
    commits = replay(shop.engine.definitions.compiled, after, events, start=snapshot.loaded)
    assert [entry for commit in commits for entry in commit.history] == [
        e for e in shop.storage.history("ann") if e.seq > snapshot.loaded.revision
    ]
    assert commits[-1].revision == after.revision
    assert shop.engine.explain("ann", why_not="email").why_not


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_an_enrollment_has_kept_goes_once_it_is_over_for_long(tmp_path: Path, kind: str) -> None:
    """
    Ann's address stands in the data of two deliveries, of which one is long over: that one forgets it, in the database and in the
    snapshot; whom a delivery has not reached yet keeps it, and her log is decided again as before, and told.
    """
    deliver = Journey(
        "deliver", key="order", entry=Entry("Ordered", set={"data.street": "event.street"}), stage="purchase",
        steps=[Step("sent", do=Do("email", to="{data.street}"), wait="3 days", when={"Lost": "again"}), Step("over", end="completed"), Step("again", wait="900 days")],
    )  # fmt: skip
    shop = Shop(deliver, storage=SQLiteStorage(tmp_path / "shop.db") if kind == "sqlite" else None)
    shop.event("Ordered", order="a", street="1 Elm")
    shop.event("Ordered", order="b", street="2 Oak")
    shop.event("Lost", order="b")
    shop.wait("400 days")
    assert shop.engine.retain(before=moment(shop.clock.now()) - timedelta(days=365), history=True) == 1
    (loaded,) = shop.storage.load_many([Want("ann", None)])
    snapshot = shop.storage.snapshot("ann")
    shop.event("Ordered", order="a", street="3 Fir")
    shop.wait("1 hour")
    (after,) = shop.storage.load_many([Want("ann", None)])
    commits = replay(shop.engine.definitions.compiled, after, shop.storage.events("ann"), start=snapshot.loaded)

    assert {e.key: e.data for e in loaded.enrollments} == {"a": {}, "b": {"street": "2 Oak"}}
    assert {e.key: e.data for e in snapshot.loaded.enrollments} == {"a": {}, "b": {"street": "2 Oak"}}
    assert commits[-1].revision == after.revision
    assert "deliver a: refused on Ordered (once)" in str(shop.engine.explain("ann"))
    assert shop.engine.retain(before=moment(shop.clock.now()) - timedelta(days=365), history=True) == 0


def test_facts_are_filled_in_from_the_snapshot_on() -> None:
    """A fact that was declared then is folded anew exactly; one that was not stays as it is, for the past cannot say it."""
    shop = year()
    shop.engine.retain(before="2027-03-02T09:00:00+00:00")
    (before,) = shop.storage.load_many([Want("ann", None)])
    later = Catalog(facts={**CATALOG.facts, "orders": "count of Order Completed"})
    again = Shop(later, WELCOME, at="2028-03-02T09:00:00+00:00", storage=shop.storage)
    assert again.engine.backfill(["spent", "orders"]) == 0
    (after,) = again.storage.load_many([Want("ann", None)])

    assert after.facts.values == before.facts.values
    assert after.facts.values["spent"] == 240


def test_retention_stops_and_goes_on() -> None:
    """Told to stop after two customers, it does the third when it is called again."""
    shop = Shop(*ALL)
    for customer in ("ann", "ben", "cat"):
        shop.event("Order Completed", customer, total=5)
    shop.wait("2 days")
    asked: list[bool] = []
    stop = lambda: len(asked.append(True) or asked) > 2  # type: ignore[func-returns-value]  # noqa: E731

    assert shop.engine.retain(before="2026-03-03T09:00:00+00:00", stop=stop) == 2
    assert shop.engine.retain(before="2026-03-03T09:00:00+00:00") == 1
