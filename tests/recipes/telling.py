"""
Published recipes and their checks, told to the real engine: one translation table for all of them.

What is said of a recipe stays where it was published; here stands only how its notation is read: what is given becomes events,
traits, starts and moments; what is expected becomes actions with their times; an end becomes the status of an enrollment.
"""

from __future__ import annotations

import re
import runpy
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from journeykit import Catalog, Do, Journey, Step, load
from journeykit.model.messages import microseconds, moment
from journeykit.model.phrases import MICROSECONDS, Split, seconds
from journeykit.model.records import Commit, Enrollment, Want
from journeykit.testing import Scenario
from journeykit.testing.strategies import parts

ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "examples" / "recipes"
HERE = Path(__file__).parent

#: the recipes' word for an action, and ours
ACTIONS = {
    "send_email": "email",
    "send_sms": "sms",
    "send_push": "push",
    "send_message": "message",
    "send_to_destination": "destination",
    "show_in_app": "in_app",
    "notify_staff": "alert",
    "add_tag": "tag",
    "add_to_list": "list",
    "add_points": "points",
    "issue_coupon": "coupon",
    "sync_audience": "audience",
    "suppress": "suppress",
    "set_order_status": "order_status",
    "webhook": "webhook",
}

#: what is no action of ours but part of a decision; compared only in recipes that list it
DECIDED = ("set_attribute", "start_journey")

_NUMBERS = {"one": 1, "two": 2, "three": 3, "ninety-eight": 98}
_SEVERAL = re.compile(r"c(\d+)\.\.c(\d+)")


class Told(NamedTuple):
    """Something that was performed or decided for a customer."""

    at: int
    customer: str
    action: str
    parameters: Mapping[str, Any]


# -- what is published --------------------------------------------------------------------------------------------------


published = runpy.run_path(str(ROOT / "scripts" / "recipes.py"))["published"]  #: gives every recipe; none where they are not at hand


@cache
def host_facts() -> dict[str, Any]:
    """What only a host can know: which sentence of a recipe is which event or trait."""
    facts: dict[str, Any] = yaml.safe_load((HERE / "host_facts.yaml").read_text("utf-8"))
    return facts


def definitions(recipe: str, variant: str = "") -> list[Journey | Catalog]:
    """The journeys of a recipe, and the catalog that all of them share."""
    return [*load(JOURNEYS / "catalog.yaml"), *load(JOURNEYS / f"{recipe}{variant and '-' + variant}.yaml")]


# -- reading the notation -----------------------------------------------------------------------------------------------


def titled(name: str) -> str:
    """Our way of writing an event's name: ``order_placed`` is ``Order Placed``."""
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", " ").split())


def called(name: str, properties: Mapping[str, Any]) -> str:
    """Our event for one of the recipes'."""
    ours = (how["name"] for how in host_facts()["called"] if how["event"] == titled(name) and how["with"] in properties)
    return next(ours, titled(name))


def words(value: object) -> set[str]:
    """The words of a text, of a list, or of a mapping with its names."""
    if isinstance(value, Mapping):
        return {word for name, item in value.items() for word in words(name) | words(item)}
    if isinstance(value, (list, tuple)):
        return {word for item in value for word in words(item)}
    return set(re.findall(r"[a-z0-9]+", str(value).lower().replace("'s", "s")))


def plain(value: Any) -> Any:
    """A value as an event can carry it: dates as text, a month as its last day."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"\d\d/\d{4}", value):
        month, year = int(value[:2]), int(value[3:])
        return f"{year}-{month:02}-{monthrange(year, month)[1]}"
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def instant(value: Any) -> int:
    """A moment of a check; a date without a time is its midnight in UTC."""
    text = value.isoformat() if isinstance(value, (date, datetime)) else value
    return microseconds(text if "T" in text else f"{text}T00:00:00+00:00")


def people(phrase: str) -> list[str]:
    """The customers that a phrase names one by one; none where it only counts them."""
    several = _SEVERAL.fullmatch(phrase)
    if several:
        return [f"c{number}" for number in range(int(several[1]), int(several[2]) + 1)]
    return [phrase] if " " not in phrase else []


def how_many(phrase: str) -> int:
    """How many customers a phrase speaks of: ``exactly two of c1..c100``, ``the last 500``."""
    return next(_NUMBERS.get(word) or int(word) for word in re.split(r"[ ,]+", phrase) if word in _NUMBERS or word.isdigit())


# -- a check ------------------------------------------------------------------------------------------------------------


class Check:
    """A check of a recipe: told to a scenario, and compared with what it expects."""

    def __init__(self, recipe: dict[str, Any], check: dict[str, Any]) -> None:
        self.check = check
        self.main: str = recipe["id"]
        self.given: list[dict[str, Any]] = check["given"]
        self.settings: dict[str, Any] = {}
        for fact in self.given:
            self.settings.update(fact.get("setting") or {})
        self.last = max(instant(end["at"]) for end in check["ends"])
        self.listed = {fact["action"] for one in recipe["checks"] for fact in one["expect"]}
        variant = next((name for name in self.settings if name in host_facts()["variants"]), "")
        self.values = definitions(recipe["id"], variant.replace("_", "-"))
        self.journeys = [value for value in self.values if isinstance(value, Journey)]
        self.catalog = [value for value in self.values if isinstance(value, Catalog)]
        self.opens = self._begin()
        self.shop = Scenario(self.catalog, at=moment(min([self.opens, *self._messages()])), hooks=[self._hear])
        self.before = 0  #: how many actions were performed before the journeys began
        self.decided: list[Told] = []  #: what is decided and not performed
        self.traits: dict[str, Mapping[str, Any]] = {}  #: as the last commit left them
        self.records: dict[str, dict[str, Any]] = {}  #: lists of records, told once the journeys have begun
        self.attempts: dict[str, int] = {}  #: the last event that could have begun a journey and did nothing, for each customer

    def _begin(self) -> int:
        """The shop opens the day before the first moment that the check names, unless it says when."""
        said = [self.settings[name] for name in host_facts()["begins"] if name in self.settings]
        moments = [instant(fact["at"]) for part in ("given", "expect", "ends") for fact in self.check[part] if "at" in fact]
        moments += [instant(value) for value in said if re.match(r"\d{4}-", str(value))]
        return min(moments) - seconds("23 hours") * MICROSECONDS

    def _messages(self) -> list[int]:
        """When others have sent messages before."""
        profiles = [fact["profile"] for fact in self.given if fact.get("profile")]
        return [instant(at) for profile in profiles for name in host_facts()["messages"] for at in profile.get(name, ())]

    def tell(self) -> None:
        """
        Tell everything in order of time, and look at each end when its time has come.

        Raises:
            AssertionError: with what came and what was expected.
        """
        for fact in self.given:
            if "profile" in fact and "at" not in fact:
                self._known(fact.get("customer", "c1"), dict(fact["profile"] or {}))
        began = instant(self.settings["active_from"]) if "active_from" in self.settings else self.opens
        moments = [(began, 0, self._open)]
        moments += [(instant(fact["at"]), 1, partial(self._happens, fact)) for fact in self._happening() if "at" in fact]
        moments += [(instant(end["at"]), 2, partial(self._ended, end)) for end in self.check["ends"]]
        for at, _, told in sorted(moments, key=lambda one: one[:2]):
            if at <= self.last:
                self.shop.until(moment(at))
                told()
        self._compare()

    def _open(self) -> None:
        """The journeys begin; what was known before is known, what happened before has happened, and records come in."""
        self.decided.clear()
        self.before = len(self.shop.performed)
        known = self._customers()
        self.shop.deploy(self.values)
        for arm, phrase in self.settings.get("arms", {}).items():
            for customer in people(phrase):
                self._draw(customer, host_facts()["arms"], arm)
        for fact in self.given:
            if "random_draw" in fact:
                self._draw(**fact["random_draw"])
        for customer in known:
            self._identify(customer, self.records.get(customer, {}))

    def _draw(self, customer: str, split: str, arm: Any) -> None:
        """Put a customer into an arm, which may be the first words of a sentence."""
        arm = {True: "yes", False: "no"}.get(arm, arm)
        shares = next(part.shares for part in parts(self.journeys) if isinstance(part, Split) and part.experiment == split)
        self.shop.arm(customer, split, max((name for name, _ in shares if words(name) <= words(arm)), key=len))

    def _known(self, customer: str, profile: dict[str, Any]) -> None:
        """A profile from the start; what the catalog folds out of events is told as the events that lead to it."""
        for name, how in host_facts()["past"].items():
            value = profile.pop(name, None)
            for properties in _past(value, how) if value is not None else ():
                self.shop.event(how["event"], customer, more=properties)
        for name in host_facts()["messages"]:
            for at in sorted(profile.pop(name, ())):
                self.shop.until(moment(instant(at)))
                self.shop.deploy(_earlier())
                self.shop.event("Message Sent Earlier", customer, tag=name)
                self.shop.deploy(self.catalog)
        records = {name: value for name, value in profile.items() if isinstance(value, list) and value and isinstance(value[0], Mapping)}
        self.records[customer] = records
        self._identify(customer, {name: value for name, value in profile.items() if name not in records})

    def _identify(self, customer: str, profile: Mapping[str, Any]) -> None:
        """Something becomes known about a customer."""
        traits, consent = {}, {}
        known = dict(profile)
        zone = known.pop("time_zone", None)
        for name, value in known.items():
            channels = host_facts()["consent"].get(name)
            if channels:
                consent.update(dict.fromkeys(channels, value))
            elif isinstance(value, Mapping):
                traits.update({f"{name}_{'_'.join(part.lower().split())}": plain(item) for part, item in value.items()})
            else:
                traits[name] = plain(value)
        self.shop.identify(customer, traits=traits, zone=zone, consent=consent or None)

    def _happening(self) -> Iterator[dict[str, Any]]:
        """What is given, and what settings say of many customers, in the form of facts."""
        yield from self.given
        for name, value in self.settings.items():
            how = host_facts()["crowds"].get(name)
            if how:
                yield from self._crowd(value, how)

    def _crowd(self, value: Any, how: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        start = self.settings.get("start")
        at = instant(start) if start else self.opens + MICROSECONDS
        at += seconds(how["after"]) * MICROSECONDS if "after" in how else 0
        if how.get("arms"):
            for arm, number in value.items():
                for customer in people(self.settings["arms"][arm])[:number]:
                    yield {"at": moment(at), "customer": customer, "event": how["event"], "props": {how["property"]: arm}}
            return
        if how.get("text"):
            phrase, _, when = value.partition(" all at ")
            for customer in people(phrase):
                yield {"at": when, "customer": customer, "event": how["event"]}
            return
        number = self.settings[how["count"]] if "count" in how else value
        properties = {how["property"]: value} if "property" in how else {}
        for customer in people(f"c1..c{number}"):
            yield {"at": moment(at), "customer": customer, "event": how["event"], "props": properties}

    def _happens(self, fact: Mapping[str, Any]) -> None:
        shop, customer = self.shop, fact.get("customer", "c1")
        if "event" in fact:
            name = titled(fact["event"])
            before = len(shop.storage.history(customer))
            shop.event(name, customer, more=plain(fact.get("props") or {}))
            idle = all(entry.kind in ("refused", "traits") for entry in shop.storage.history(customer)[before:])
            if idle and any(entry.on.event == name for journey in self.journeys for entry in journey.entry):
                self.attempts[customer] = shop.clock.now()
        elif "object_event" in fact:
            shop.publish(called(fact["object_event"], fact["props"]), **plain(fact["props"]))
        elif "profile" in fact:
            self._identify(customer, fact["profile"])
        elif "person" in fact:
            self._done(fact)

    def _done(self, fact: Mapping[str, Any]) -> None:
        """What a person does."""
        for deed in host_facts()["deeds"]:
            match = re.fullmatch(deed["does"], fact["does"])
            if match and "enroll" in deed:
                self.shop.enroll(deed["enroll"], match["customer"])
            elif match and "object" in deed:
                self.shop.publish(deed["object"], **deed.get("properties", {}))
            elif match:
                self.shop.event(deed["event"], "c1", more=plain(fact.get("props") or {}))

    # -- what came of it -----------------------------------------------------------------------------------------------

    def _hear(self, what: str, details: Mapping[str, Any]) -> None:
        if what == "committed":
            self.decided += self._decided(details["commit"])

    def _decided(self, commit: Commit) -> Iterator[Told]:
        """Journeys started by journeys, and traits set by journeys."""
        named = commit.events[0].event.name if commit.events else ""
        for entry in commit.history:
            if entry.kind == "entered" and entry.cause == "start":
                yield Told(entry.at, commit.customer_id, "start_journey", {"journey": entry.journey})
        if commit.facts is not None:
            before = self.traits.get(commit.customer_id, {})
            for name, value in commit.facts.traits.items():
                if before.get(name) != value and named != "$identify":
                    yield Told(_second(self.shop.clock.now()), commit.customer_id, "set_attribute", {"name": name, "value": value})
            self.traits[commit.customer_id] = commit.facts.traits

    def _told(self) -> list[Told]:
        """Everything performed and decided since the journeys began."""
        performed = [
            Told(_second(one.at), one.request.customer_id, one.request.action, one.request.parameters)
            for one in self.shop.performed[self.before :]
        ]
        return performed + self.decided

    def _customers(self) -> list[str]:
        """Every customer of whom something was told."""
        return self.shop.storage.customers("", 100_000)

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Every action that is expected came at its time, and no other."""
        rest = [told for told in self._told() if told.action not in DECIDED or told.action in self.listed]
        rest = [told for told in rest if told.at <= self.last]
        for wanted in self.check["expect"]:
            if instant(wanted["at"]) > self.last:
                continue
            for customer in people(wanted.get("customer", "c1")) or [None] * how_many(wanted["customer"]):
                found = next((told for told in rest if _same(told, wanted, customer)), None)
                assert found is not None, f"expected {wanted} for {customer}\nbut came {self._shown(rest)}\n{self._explained()}"
                rest.remove(found)
        assert not rest, f"expected nothing else\nbut came {self._shown(rest)}\n{self._explained()}"

    def _ended(self, end: Mapping[str, Any]) -> None:
        self.shop.look()
        phrase = end.get("customer", "c1")
        named = people(phrase)
        if named:
            for customer in named:
                found = self._states(customer, end.get("instance"))
                assert end["state"] in found, f"expected {end}\nbut {customer} is {' or '.join(sorted(found))}\n{self._explained()}"
            return
        meant = self._customers()
        if words(phrase) & {"other", "not"}:
            told = {one.customer for one in self._told()}
            meant = [customer for customer in meant if customer not in told]
        met = sum(end["state"] in self._states(customer, None) for customer in meant)
        assert (met, len(meant)) == (how_many(phrase),) * 2, f"expected {end}\nbut {met} of {len(meant)} are"

    def _states(self, customer: str, instance: Any) -> set[str]:
        """What may be said of a customer: how the enrollment ended, or that the latest attempt was refused."""
        (loaded,) = self.shop.storage.load_many([Want(customer, None)])
        rows = sorted((e for e in loaded.enrollments if e.number), key=lambda e: e.order)
        if self.main in {journey.name for journey in self.journeys}:
            rows = [e for e in rows if e.journey == self.main]  # others of the file only serve the one that bears its name
        if instance is not None:
            rows = _of_instance(rows, str(instance))
        if not rows:
            return {"not_entered"}
        refused = self.attempts.get(customer, 0) if instance is None else 0
        found = {"not_entered"} if refused > max(e.entered_at for e in rows) else set()
        return found | ({"waiting"} if any(e.active for e in rows) else {rows[-1].status})

    def _explained(self) -> str:
        return "\n".join(self.shop.explain(name) for name in self._customers()[:3])

    def _shown(self, rest: Iterable[Told]) -> str:
        return "".join(
            f"\n  {moment(told.at).isoformat()} {told.customer} {told.action} {dict(told.parameters)}" for told in list(rest)[:12]
        )


def _earlier() -> Journey:
    """What sent messages before the journeys of a check began."""
    return Journey(
        "earlier", key="signal.id", stage="awareness", zone="UTC", entry="Message Sent Earlier", reentry="always",
        steps=[Step("sent", do=Do("email", template="earlier", tag="{event.tag}", message="marketing"))],
    )  # fmt: skip


def _second(at: int) -> int:
    """A moment to the second: what was held is released only once its instant has passed."""
    return at // MICROSECONDS * MICROSECONDS


def _past(value: Any, how: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events that lead to a value: so many, or one that carries it."""
    return [{how["property"]: value}] if "property" in how else [{} for _ in range(value)]


def _of_instance(rows: list[Enrollment], instance: str) -> list[Enrollment]:
    """The enrollment under that key, of that journey, or in that place."""
    ordinal = {"first": 0, "second": 1}.get(instance)
    if ordinal is not None:
        return rows[ordinal : ordinal + 1]
    keyed = [e for e in rows if e.key == instance]
    return keyed or [e for e in rows if words(instance) <= words(e.journey)]


def _same(told: Told, wanted: Mapping[str, Any], customer: str | None) -> bool:
    """Whether what was told is what is wanted: time, person, action, the words of what is sent, details."""
    if told.at != instant(wanted["at"]) or (customer not in (None, "-") and told.customer != customer):
        return False
    if told.action != ACTIONS.get(wanted["action"], wanted["action"]):
        return False
    what = words(wanted.get("what", ""))
    first = words(next(iter(told.parameters.values()), ""))
    if not what <= words(told.parameters) or not (told.action in DECIDED or first <= what):
        return False
    details = plain(wanted.get("details") or {})
    return all(told.parameters.get(name) == value for name, value in details.items())
