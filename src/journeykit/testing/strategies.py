"""
Invented journeys and stories for property tests with hypothesis.

Names come from small pools, so that transitions, exits and entries compete for the same events, and the gaps of a story are
made of the waits of its journey, so that events and timers often fall on the same instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from journeykit.model.conditions import Expression
from journeykit.model.customer import Catalog
from journeykit.model.journey import STAGES, Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Aggregate, Expiry, Reentry, Split
from journeykit.model.wait import Wait

EVENTS = ("Product Added", "Order Completed", "Email Opened", "Plan Changed")
STEPS = ("first", "second", "third", "on", "no", "step-4", "wait here", "seventh", "eighth", "ninth", "tenth", "won", "lost")
SCOPES = ("outer", "inner", "yes")
CUSTOMERS = ("ann", "bob")
BEGIN = datetime(2026, 3, 28, 12, tzinfo=UTC)  #: a good beginning of a story: the next night the clock changes in Europe

CONDITIONS = (
    "event.total >= 100",
    "event.total < 100 or event.plan == 'gold'",
    "customer.plan != 'free' and not exists(data.code)",
    "customer.orders >= 2",
    "data.total > event.total",
    "event.plan in ['gold', 'silver']",
    "customer.stage == 'purchase'",
    "contains(event.plan, 'o')",
    "True",
)  #: for rules that a signal starts
STANDING = ("customer.plan == 'gold'", "customer.orders > 2 and customer.plan != 'free'", "data.total >= 100")  #: for rules that stand alone
VALUES = ("event.total", "event.total or 0", "customer.plan or 'none'", "now", "signal.id", "event.start", "(data.count or 0) + 1", "5", "True", "None")  #: nothing compares with the last
TEMPLATES = ("Hello {customer.first_name or 'friend'}", "{event.total}", "{data.code}", "plain", "{{braces}} of {journey.key}", "NO", "10:30")

ELAPSED = ("1 hour", "2 hours", "90 minutes", "1 day", "3 days")
CIVIL = ("1 calendar day", "2 calendar days at 09:00", "1 month", "1 month, rolling over", "1 calendar day, in America/New_York")
CLOCK = ("until 09:00", "until 02:30", "until tuesday 09:00", "until monday or friday 10:00", "until weekday 09:00", "until sunday")
MOMENTS = (
    "until data.start, wait if missing, now if past",
    "until data.start at 09:00, exit if missing, now if past, following",
    "1 day before customer.birthday, wait if missing, now if past, following",
    "2 hours after journey.entered_at, now if past",
    "1 month after data.start, exit if missing, exit if past",
    "until '2026-03-29 02:30', now if past",
)
SHOP = Catalog(
    events={name: {"cart_id": "text", "total": "number", "plan": "text", "start": "moment", "friend": "text"} for name in EVENTS},
    traits={"plan": "text", "tier": "text", "first_name": "text", "birthday": "moment"},
    facts={"orders": Aggregate("count of Order Completed"), "spent": Aggregate("sum of Order Completed.total where event.plan == 'gold'")},
    actions={"email": "marketing", "sms": "transactional", "log": "none"},
)  #: the vocabulary of all invented journeys and stories


class Told(NamedTuple):
    """One event of a story: accepted *gap* seconds after the one before, having occurred *late* seconds earlier than that."""

    gap: int
    name: str
    properties: dict[str, Any]
    customer: str
    id: str
    late: int = 0


def expressions() -> SearchStrategy[Expression]:
    """Conditions and values over the names of the pools."""
    atoms = st.sampled_from((*CONDITIONS, *STANDING, *VALUES[:-1])).map("({})".format)
    return st.recursive(atoms, _combined, max_leaves=4).map(Expression)


def _combined(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    pairs = st.tuples(inner, st.sampled_from(("and", "or", "==", "!=")), inner).map(" ".join)
    return (pairs | inner.map("not {}".format)).map("({})".format)


def waits(steps: Sequence[str] = ("first",), *, civil: bool = True) -> SearchStrategy[Wait]:
    """
    Waits of every kind.

    Args:
        steps: names to skip to.
        civil: whether those that need a zone are among them.
    """
    texts = st.sampled_from(ELAPSED)
    if civil:
        skipping = st.sampled_from(steps).map(lambda step: f"2 hours before data.start, skip to {step} if missing, skip to {step} if past")
        texts |= st.sampled_from(CIVIL) | st.sampled_from(CLOCK) | st.sampled_from(MOMENTS) | skipping
    return texts.map(Wait)


def json_values() -> SearchStrategy[Any]:
    """JSON values of any shape, small; texts that look like something else are frequent."""
    tricky = st.sampled_from(("", "NO", "on", "10:30", "1_000", "0o7", "null", "~", "1e3", " x ", "a: b", "- a", "#", "two\nlines\n", "'\"", "\x1b", "ä😀"))
    floats = st.floats(allow_nan=False, allow_infinity=False)
    plain = st.none() | st.booleans() | st.integers() | floats | tricky | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
    keys = tricky | st.sampled_from(("a", "b"))
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6)


def actions() -> SearchStrategy[Do]:
    """Requests for an action of the pool, with templates among their parameters."""
    parameters = st.dictionaries(st.sampled_from(("template", "to", "amount")), st.sampled_from(TEMPLATES) | st.integers(0, 9), max_size=2)
    expires = st.none() | st.sampled_from(("2 hours", "never", "with step", "3 days, with step")).map(Expiry)
    return st.builds(_do, st.sampled_from(tuple(SHOP.actions)), parameters, expires, st.sampled_from((None, None, "marketing", "none")))


def _do(action: str, parameters: dict[str, Any], expires: Expiry | None, message: str | None) -> Do:
    return Do(action, expires=expires, message=message, **parameters)


def catalogs() -> SearchStrategy[Catalog]:
    """Catalogs over the pools."""
    kinds = st.sampled_from(("text", "number", "money", "flag", "moment", "list", "any"))
    facts = st.sampled_from(("count of Order Completed", "sum of Order Completed.total", "last of Email Opened", "max of A b.c where event.x > 1"))
    return st.builds(
        Catalog,
        events=st.dictionaries(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(("total", "no", "10")), kinds, max_size=2), max_size=2),
        traits=st.dictionaries(st.sampled_from(("plan", "on", "age")), kinds, max_size=2),
        facts=st.dictionaries(st.sampled_from(("orders", "spent")), facts.map(Aggregate), max_size=2),
        actions=st.dictionaries(st.sampled_from(("email", "start here")), st.sampled_from(("marketing", "transactional", "none")), max_size=2),
    )


def journeys(name: str = "invented", *, civil: bool = True) -> SearchStrategy[Journey]:
    """
    Journeys that compile together with the catalog `SHOP`.

    Args:
        name: the name of each.
        civil: whether they may need a time zone; elapsed time only where not.
    """
    return _drafts(name, civil)


def stories(journey: Journey, *, most: int = 12) -> SearchStrategy[list[Told]]:
    """
    Stories of up to *most* events out of the vocabulary of *journey*, some told twice, some late.

    The gaps are the waits of the journey, a second more, a second less, or nothing.
    """
    gaps = sorted({0, 1, 3600} | {seconds + more for wait in waits_of(journey) if (seconds := abs(wait.seconds)) for more in (-1, 0, 1)})
    names = sorted({on.event for on in ons_of(journey) if on.event} | {EVENTS[0]})
    told = st.builds(
        Told,
        st.sampled_from(gaps),
        st.sampled_from(names),
        _properties(),
        st.sampled_from(CUSTOMERS),
        st.integers(0, 30).map("e{}".format),  # the same id now and then: told twice
        st.sampled_from((0, 0, 0, 0, 1, 7200, 10 * 86_400)),
    )
    return st.lists(told, min_size=1, max_size=most)


def _properties() -> SearchStrategy[dict[str, Any]]:
    starts = st.sampled_from(("2026-03-29T03:00:00+02:00", "2026-03-29 02:30", "2026-03-30", "2026-05-31T10:00:00Z"))
    optional = {
        "total": st.sampled_from((0, 50, 100, 250)),
        "plan": st.sampled_from(("gold", "free")),
        "start": starts,
        "friend": st.sampled_from(CUSTOMERS),
        "cart_id": st.sampled_from(("c1", "c1", "c2")),
    }
    return st.fixed_dictionaries({}, optional=optional)


# What a journey holds


def parts(value: Any) -> Iterator[Any]:
    """Every value of the model inside *value*, itself included."""
    if isinstance(value, (tuple, list)):
        for inner in value:
            yield from parts(inner)
    elif isinstance(value, dict):
        yield from parts(list(value.values()))
    elif hasattr(type(value), "__attrs_attrs__"):
        yield value
        yield from parts([getattr(value, attribute.name) for attribute in type(value).__attrs_attrs__ if attribute.init])


def waits_of(journey: Journey) -> list[Wait]:
    """Every wait of *journey*."""
    return [part for part in parts(journey) if isinstance(part, Wait)]


def ons_of(journey: Journey) -> list[On]:
    """Every signal that *journey* waits for."""
    return [part for part in parts(journey) if isinstance(part, On)]


# Drafts: the names first, then what stands under them


@frozen
class _Room:
    """What one draft may use: its steps in order, and what it is."""

    steps: tuple[str, ...]
    finals: tuple[str, ...]
    journey: str
    civil: bool
    keyed: bool
    lifecycle: bool

    def waits(self) -> SearchStrategy[Wait]:
        return waits(self.steps, civil=self.civil)

    def after(self, step: str) -> tuple[str, ...]:
        """The steps behind *step*, the next one first."""
        every = (*self.steps, *self.finals)
        return every[every.index(step) + 1 :]


@st.composite
def _drafts(draw: DrawFn, name: str, civil: bool) -> Journey:
    many = draw(st.integers(1, 6))
    names = draw(st.permutations(STEPS[:-2]))[:many]
    zone = draw(st.sampled_from(("Europe/Berlin", "America/New_York"))) if civil else None
    keyed = draw(st.booleans())
    room = _Room(tuple(names), draw(st.sampled_from(((), ("won",), ("won", "lost")))), name, civil, keyed, draw(st.booleans()))
    items = draw(_items(room, room.steps, list(SCOPES)))
    return Journey(
        name,
        steps=_staged(draw, [*items, *(Step(final, end=end) for final, end in zip(room.finals, ("completed", "lost"), strict=False))]),
        key=draw(st.sampled_from(("cart_id", "signal.id", "event.cart_id"))) if keyed else None,
        entry=draw(st.lists(_entries(), min_size=1, max_size=2)),
        exits=draw(st.lists(_exits(room, ended=True), max_size=1)),
        goal=draw(st.none() | st.builds(Goal, _ons(room), end=st.sampled_from((None, "completed", "won")))),
        reentry=draw(st.sampled_from(("once", "always", "at most 2", "after 2 hours since end", "always restarting", "after 1 day per customer"))),
        when=draw(st.lists(_moves(room, room.steps), max_size=1)),
        stages=draw(st.sampled_from((STAGES, STAGES, ("consideration", "purchase")))),
        stage="consideration",
        lifecycle=room.lifecycle,
        zone=zone,
        open=draw(st.sampled_from((None, None, None, "2026-03-01 to 2026-04-01"))) if zone else None,
    )


def _staged(draw: DrawFn, items: list[Step | Scope]) -> list[Step | Scope]:
    """From some item on, the next stage."""
    place = draw(st.integers(1, 8))
    return [_changed(item, stage="purchase") if number == place else item for number, item in enumerate(items)]


def _changed(item: Any, **changes: Any) -> Any:
    """``evolve`` for the classes whose constructor takes the name by position."""
    fields = {attribute.name: getattr(item, attribute.name) for attribute in type(item).__attrs_attrs__} | changes
    return type(item)(fields.pop("name"), **fields)


@st.composite
def _items(draw: DrawFn, room: _Room, names: Sequence[str], scopes: list[str]) -> list[Step | Scope]:
    """Steps under *names* in order, some of them together in a scope."""
    items: list[Step | Scope] = []
    rest = list(names)
    while rest:
        size = draw(st.integers(1, len(rest))) if scopes and draw(st.integers(0, 3)) == 0 else 0
        if size:
            items.append(draw(_scopes(room, rest[:size], scopes.pop(0), scopes)))
        else:
            items.append(draw(_steps(room, rest[0])))
        rest = rest[size or 1 :]
    return items


@st.composite
def _scopes(draw: DrawFn, room: _Room, names: Sequence[str], scope: str, scopes: list[str]) -> Scope:
    return Scope(
        scope,
        steps=draw(_items(room, names, scopes)),
        do=draw(st.lists(actions(), max_size=1)),
        wait=draw(st.none() | room.waits()),
        when=draw(st.lists(_moves(room, room.steps), max_size=1)),
        exits=draw(st.lists(_exits(room, ended=False), max_size=1)),
        leaving=draw(st.lists(actions(), max_size=1)),
    )


@st.composite
def _steps(draw: DrawFn, room: _Room, name: str) -> Step:
    """A step that waits, is moved, or goes on at once; only who waits is ever led back, so nobody runs in circles."""
    behind = room.after(name)
    wait = draw(st.none() | room.waits())
    when = draw(st.lists(_moves(room, room.steps), max_size=2)) if wait or draw(st.booleans()) else []
    if wait is None and when:
        when.append(Transition(behind[0] if behind else name, on=On(draw(st.sampled_from(EVENTS)))))
    return Step(
        name,
        set=draw(_settings()),
        do=draw(st.lists(actions(), max_size=2)),
        wait=wait,
        when=when + draw(_standing(behind)),
        then=draw(_onward(behind)) if wait or not when else (),
        leaving=draw(st.lists(actions(), max_size=1)),
    )


def _settings() -> SearchStrategy[dict[str, Expression]]:
    data = st.dictionaries(st.sampled_from(("data.total", "data.code", "data.start", "data.count")), st.sampled_from(VALUES).map(Expression), max_size=2)
    return data | st.just({"customer.tier": Expression("'gold'")})


def _standing(behind: Sequence[str]) -> SearchStrategy[list[Transition]]:
    """Now and then a transition that only waits for its condition; always onward."""
    if not behind:
        return st.just([])
    one = st.builds(lambda to, where: Transition(to, on=On(where=where)), st.sampled_from(behind), st.sampled_from(STANDING))
    return st.just([]) | st.just([]) | one.map(lambda move: [move])


def _onward(behind: Sequence[str]) -> SearchStrategy[Any]:
    """Nothing, which is the next step; branches of which the last always holds; or a split."""
    if len(behind) < 2:
        return st.just(())
    branch = st.builds(lambda to, where: Transition(to, on=On(where=where)), st.sampled_from(behind), st.sampled_from((*CONDITIONS, *STANDING)))
    branches = branch.map(lambda one: (one, Transition(behind[0])))
    shares = st.sampled_from((1, 50, 99)).map(lambda share: f"{share}% {behind[0]}, {100 - share}% {behind[1]}")
    plain = not any(":" in name for name in behind[:2])
    return st.just(()) | branches | (st.builds(str.__add__, shares, st.sampled_from(("", " per enrollment", " as test"))).map(Split) if plain else st.just(()))


@st.composite
def _moves(draw: DrawFn, room: _Room, targets: Sequence[str]) -> Transition:
    """A transition that some signal starts; it may lead anywhere, also back, or nowhere."""
    to = draw(st.none() | st.sampled_from((*targets, *room.finals)))
    do: list[Do | Start] = draw(st.lists(actions(), max_size=1))
    set_ = draw(_settings())
    if to is None and not do and not set_:
        set_ = {"data.count": Expression("(data.count or 0) + 1")}
    if draw(st.integers(0, 9)) == 0:
        do.append(Start(room.journey, customer="event.friend or 'bob'", key="event.cart_id or 'c1'" if room.keyed else None, set={"data.code": "'gift'"}))
    return Transition(to, on=draw(_ons(room)), do=do, set=set_, back=room.lifecycle and to is not None)


@st.composite
def _ons(draw: DrawFn, room: _Room) -> On:
    """A signal: mostly an event, also a change, an outcome or a timer."""
    kind = draw(st.sampled_from(("event", "event", "event", "changed", "settled", "after")))
    where = draw(st.none() | st.sampled_from(CONDITIONS))
    if kind == "event":
        key = draw(st.sampled_from((None, "any", "cart_id"))) if room.keyed else None
        return On(draw(st.sampled_from(EVENTS)), where=where, key=key, late=draw(st.sampled_from(("accept", "drop"))))
    signals = {"changed": ("customer.plan", "customer.tier"), "settled": ("email dead", "sms performed"), "after": ELAPSED}
    return On(**{kind: draw(st.sampled_from(signals[kind]))}, where=where)


def _entries() -> SearchStrategy[Entry]:
    ons = st.builds(lambda event, where: On(event, where=where), st.sampled_from(EVENTS), st.sampled_from((None, None, *CONDITIONS)))
    return st.builds(Entry, ons, wait=st.sampled_from((None, None, "1 hour")), set=st.sampled_from(({}, {"data.total": "event.total", "data.start": "event.start"})))


@st.composite
def _exits(draw: DrawFn, room: _Room, ended: bool) -> Exit:
    """A rule of the journey, or of a scope, which may lead on behind it."""
    on = draw(st.builds(On, st.sampled_from(EVENTS), where=st.sampled_from(CONDITIONS)) | st.builds(lambda where: On(where=where), st.sampled_from(STANDING)))
    end = draw(st.sampled_from((None, "bought", "completed")))
    return Exit(on, end=end, at=draw(st.sampled_from(("once", "next action"))) if ended or end else "once")
