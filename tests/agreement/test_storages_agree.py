"""Every storage gives the same answers (P32): random programs run on memory, SQLite and PostgreSQL side by side."""

from __future__ import annotations

import sqlite3

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import postgres
from journeykit import PostgresStorage
from journeykit.errors import ConflictError
from journeykit.model.leaving import Erased, Moved, Retained, Snapshot
from journeykit.model.records import Answered, Commit, Facts, Loaded, LoggedEvent, Mail, Moment, Settlement, Want
from journeykit.storage.memory import MemoryStorage
from journeykit.storage.sqlite import SQLiteStorage
from journeykit.testing import storage_samples as shop

CUSTOMERS = st.sampled_from(["ann", "bob", "z/ö"])
JOURNEYS = st.sampled_from(["a", "ab", "c"])
KEYS = st.sampled_from(["", "k", "k2"])
IDS = st.sampled_from([f"event {number}" for number in range(6)])
MOMENTS = st.integers(0, 60)
KINDS = st.sampled_from(["marketing", "marketing", "transactional", "none"])
PARAMETERS = st.sampled_from([{}, {"topic": "news"}, {"topic": 5}, {"topic": None}, {"topic": ["news"]}, {"topic": "zoë"}])
SETTLED = st.sampled_from(["open", "performed", "dead", "dropped"])


@st.composite
def enrollments(draw):
    """A small enrollment: with or without a timer, inside or ended."""
    due, ended = draw(st.none() | MOMENTS), draw(st.none() | MOMENTS)
    return shop.enrollment(
        draw(JOURNEYS), draw(KEYS), due=None if ended is not None else due, order=draw(st.integers(0, 3)), ended_at=ended
    )


def mail(draw):
    """Up to two events for anybody."""
    return [Mail(shop.event(draw(IDS), draw(CUSTOMERS), total=draw(MOMENTS)), draw(MOMENTS)) for _ in range(draw(st.integers(0, 2)))]


@st.composite
def commits(draw, customer_id, base):
    """What deciding one signal may write."""
    seq = base + 1
    events = [
        LoggedEvent(shop.event(name, customer_id), 10, seq, draw(st.sampled_from(["decided", "decided", "parked"])))
        for name in draw(st.lists(IDS, max_size=2))
    ]
    return Commit(
        customer_id, base, seq, draw(MOMENTS),
        facts=draw(st.none() | st.builds(Facts, zone=st.just("UTC"), traits=st.dictionaries(KEYS, MOMENTS, max_size=2))),
        enrollments=draw(st.lists(enrollments(), max_size=3)), removed=draw(st.lists(st.tuples(JOURNEYS, KEYS), max_size=1)),
        history=[shop.entry(customer_id, seq, place) for place in range(draw(st.integers(0, 2)))],
        outbox=[
            shop.message(customer_id, at=draw(MOMENTS), place=place)._replace(message=draw(KINDS), parameters=draw(PARAMETERS))
            for place in range(draw(st.integers(0, 2)))
        ],
        events=events, mail=mail(draw), definitions=draw(st.lists(st.tuples(KEYS, JOURNEYS, st.just("{}")), max_size=1)),
        moments=draw(st.none() | st.lists(st.builds(Moment, st.just("segment vip"), MOMENTS, st.booleans() | st.none()), max_size=2)), imported=draw(st.booleans()),
    )  # fmt: skip


class Storages(RuleBasedStateMachine):
    """Each rule asks every storage the same and compares the answers."""

    @initialize()
    def create(self):
        self.connection = sqlite3.connect(":memory:")
        postgres.clear(TestStoragesAgree.conninfo)
        self.storages = (MemoryStorage(), SQLiteStorage(self.connection), TestStoragesAgree.postgres)
        self.storages[1].migrate()
        self.claimed = []

    def teardown(self):
        if hasattr(self, "connection"):
            self.connection.close()

    def all(self, ask):
        """The answer of all, which must be one; a conflict is an answer too (whom it names is not promised)."""
        answers = []
        for storage in self.storages:
            try:
                answers.append(ask(storage))
            except ConflictError:
                answers.append("conflict")
        assert answers == answers[:1] * len(answers)
        return answers[0]

    @rule(events=st.lists(st.tuples(IDS, CUSTOMERS, MOMENTS), max_size=4))
    def accept(self, events):
        self.all(lambda storage: storage.accept([(shop.event(name, customer, total=at), at) for name, customer, at in events]))

    @rule(data=st.data(), stale=st.sampled_from([0, 0, 0, 0, 1, -1]))
    def commit(self, data, stale):
        batch = []
        revisions = {name: shop.load(self.storages[0], name).revision for name in ("ann", "bob", "z/ö")}
        for customer_id in data.draw(st.lists(CUSTOMERS, max_size=3)):
            batch.append(data.draw(commits(customer_id, max(0, revisions[customer_id] + stale))))
            revisions[customer_id] = batch[-1].revision
        self.all(lambda storage: storage.commit_many(batch))

    @rule(
        survivor=CUSTOMERS,
        old=CUSTOMERS,
        stale=st.sampled_from([0, 0, 0, 1]),
        up=st.integers(0, 2),
        spent=st.lists(st.integers(1, 8), max_size=2),
    )
    def merge(self, survivor, old, stale, up, spent):
        revisions = {name: shop.load(self.storages[0], name).revision for name in (survivor, old)}
        if survivor == old or min(revisions.values()) < 0:
            return
        base = revisions[survivor]
        own = [shop.commit(survivor, base, events=[LoggedEvent(shop.event(f"merge {old}", survivor), 10, base + 1, "decided")])]
        moved = Moved(old, survivor, revisions[old] + stale, (("a", "", up),) if up else (), spent, "had before", 50)
        self.all(lambda storage: storage.merge(own, moved))
        self.all(lambda storage: [storage.identities(name) for name in ("ann", "bob", "z/ö")])

    @rule(name=CUSTOMERS, marks=st.lists(KEYS, max_size=2))
    def erase(self, name, marks):
        self.all(lambda storage: storage.erase(Erased(name, marks, {"of": name}, "erased-1")))
        self.all(lambda storage: (storage.remains(["", "k", "k2"]), storage.customers(), storage.next_due()))

    @rule(name=CUSTOMERS, upto=st.integers(0, 4), before=MOMENTS, history=st.booleans(), stale=st.sampled_from([0, 0, 1]))
    def retain(self, name, upto, before, history, stale):
        state = shop.load(self.storages[0], name)
        kept = Snapshot(before, Loaded(name, upto, before, state.facts, state.enrollments, []), ("orders",))
        self.all(lambda storage: storage.retain(Retained(name, state.revision + stale, kept, history)) if state.revision > 0 else None)
        self.all(lambda storage: (storage.aged(before, "", 5), storage.snapshot(name)))

    @rule(journey=JOURNEYS, definition=st.sampled_from(["0a1b", "v2"]), after=st.just("") | CUSTOMERS, limit=st.integers(1, 3))
    def versions(self, journey, definition, after, limit):
        self.all(lambda storage: (storage.occupied(), storage.inside(journey, definition, after, limit)))

    @rule(now=MOMENTS, limit=st.integers(1, 3))
    def due(self, now, limit):
        self.all(lambda storage: (storage.claim_due(now, limit), storage.next_due()))

    @rule(now=MOMENTS, limit=st.integers(1, 3), lease=st.integers(1, 20), token=KEYS, since=st.none() | MOMENTS)
    def claim(self, now, limit, lease, token, since):
        self.claimed += self.all(lambda storage: storage.claim_outbox(now, limit, lease, token, since))

    @rule(data=st.data(), now=MOMENTS)
    def begin(self, data, now):
        chosen = data.draw(st.lists(st.sampled_from(self.claimed), max_size=2)) if self.claimed else []
        self.all(lambda storage: [storage.begin(one.id, one.token, now) for one in chosen])

    @rule(data=st.data())
    def settle(self, data):
        chosen = data.draw(st.lists(st.sampled_from(self.claimed), max_size=3)) if self.claimed else []
        settlements = [
            Settlement(
                one.id,
                one.token,
                data.draw(SETTLED),
                "why",
                data.draw(MOMENTS),
                tuple(mail(data.draw)),
                data.draw(st.booleans()),
                data.draw(st.none() | st.just(Answered(3, 'a "policy"', "defer", 4, "zoë"))),
                data.draw(st.booleans()),
            )
            for one in chosen
        ]
        self.all(lambda storage: storage.settle(settlements))

    @rule(ids=st.lists(st.integers(1, 8), max_size=4), now=MOMENTS, state=st.sampled_from(["open", "dropped"]))
    def reopen(self, ids, now, state):
        self.all(lambda storage: storage.reopen(ids, now, state))

    @rule(
        wants=st.lists(
            st.builds(
                Want, CUSTOMERS, st.none() | st.frozensets(JOURNEYS), st.lists(st.tuples(JOURNEYS, st.none() | KEYS), max_size=2).map(tuple),
                st.lists(IDS, max_size=2).map(tuple), MOMENTS,
            ),
            max_size=3,
        )
    )  # fmt: skip
    def load(self, wants):
        self.all(lambda storage: storage.load_many(wants))

    @rule(name=CUSTOMERS, after=st.integers(0, 3), state=st.none() | SETTLED, customer=st.none() | CUSTOMERS, limit=st.integers(1, 5))
    def read(self, name, after, state, customer, limit):
        self.all(lambda storage: (storage.events(name, after), storage.history(name), storage.definitions()))
        self.all(lambda storage: storage.outbox(state, customer, limit))


class TestStoragesAgree(Storages.TestCase):
    """Hypothesis runs the programs and shortens one that tells them apart."""

    settings = settings(stateful_step_count=20, deadline=None)

    @classmethod
    def setUpClass(cls):
        """One storage for all programs: a server plans the statements of each new connection anew."""
        cls.lent = postgres.migrated()
        cls.conninfo = cls.lent.__enter__()
        cls.postgres = PostgresStorage(cls.conninfo)

    @classmethod
    def tearDownClass(cls):
        cls.postgres.close()
        cls.lent.__exit__(None, None, None)
