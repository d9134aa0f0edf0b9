"""insight.yaml: what a shop says about its numbers, and what it reads where it has made a mistake."""

from __future__ import annotations

import pytest

from journeykit.errors import DefinitionError
from journeykit.insight.measures.measure import Measure
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.reading import load_settings, read_settings
from journeykit.insight.settings.settings import Settings
from journeykit.insight.settings.targets import kpi_text


def measure(name, unit, by=None):
    return Measure(name=name, group="purchase", unit=unit, formula="", window="", source="", cases=(), sql="", by=by)


MEASURES = (
    measure("cart abandonment rate", "share"),
    measure("average order value", "money"),
    measure("time between purchases", "seconds"),
    measure("NPS", "score"),
    measure("ticket volume", "number"),
    measure("traffic by source", "number", by="source"),
)

KPI = '"cart abandonment rate at most 60%, marketing, weekly"'
SHOP = """
zone: Europe/Berlin
currency: EUR
decimals: 2
events: {Order Completed: [Paid, Basket Paid], Product Added: Put In}
properties: {order_id: basket}
channels: {letter: post}
test: tester
churn: 180 days
kpis:
  recover-cart:
    - cart abandonment rate at most 60%, marketing, weekly
    - average order value at least 1,035.50 EUR, sales, monthly
  win-back:
    - time between purchases at most 60 days, product, quarterly
    - NPS at least -5, support, quarterly
    - ticket volume at most 1,200, support, weekly
"""


def test_a_shop_says_what_it_means_by_its_numbers():
    """Zone, currency, its own words, and for each journey a few targets with owner and rhythm: all in one short file."""
    assert read_settings(SHOP, MEASURES) == Settings(
        zone="Europe/Berlin",
        currency="EUR",
        decimals=2,
        events={"Order Completed": ("Paid", "Basket Paid"), "Product Added": ("Put In",)},
        properties={"order_id": ("basket",)},
        channels={"letter": "post"},
        test="tester",
        churn=180.0,
        kpis={
            "recover-cart": (
                Kpi("cart abandonment rate", False, 0.6, "marketing", "weekly"),
                Kpi("average order value", True, 103_550.0, "sales", "monthly"),
            ),
            "win-back": (
                Kpi("time between purchases", False, 60 * 86_400.0, "product", "quarterly"),
                Kpi("NPS", True, -5.0, "support", "quarterly"),
                Kpi("ticket volume", False, 1_200.0, "support", "weekly"),
            ),
        },
    )


def test_a_kpi_is_written_as_it_is_read():
    """The sentence that is shown is one that insight.yaml may hold."""
    found = read_settings(SHOP, MEASURES)
    units = {one.name: one.unit for one in MEASURES}
    written = [kpi_text(kpi, units[kpi.measure], "EUR") for kpis in found.kpis.values() for kpi in kpis]

    assert written == [
        "cart abandonment rate at most 60%, marketing, weekly",
        "average order value at least 1,035.50 EUR, sales, monthly",
        "time between purchases at most 60 days, product, quarterly",
        "NPS at least -5, support, quarterly",
        "ticket volume at most 1,200, support, weekly",
    ]


def test_nothing_has_to_be_said():
    """An empty file says what goes without saying: days of UTC, no targets."""
    assert read_settings("", MEASURES) == Settings()
    assert read_settings("{}", MEASURES, "insight.json") == Settings()


def test_all_mistakes_are_told_at_once(tmp_path):
    """Each with its place, its value and the way out."""
    file = tmp_path / "insight.yaml"
    file.write_text("""
zone: Europe/Berln
curency: EUR
decimals: two
events: {Order Completed: [Paid, 3]}
churn: 180
kpis:
  recover-cart:
    - cart abandonmet rate at most 60%, marketng, weekly
    - average order value at least 35.50 EUR, sales, monthly
    - cart abandonment rate at most 60, it, daily
    - time between purchases at most 60, product, quarterly
    - traffic by source at least 3, product, quarterly
    - NPS 40
  win-back: NPS at least 40, support, weekly
""")

    with pytest.raises(DefinitionError) as caught:
        load_settings(file, MEASURES)

    assert list(caught.value.problems) == [
        'insight.yaml: zone: \'Europe/Berln\' is no time zone; write an IANA name, for example "Europe/Berlin"; did you mean "Europe/Berlin"?',
        'insight.yaml: unknown key "curency"; did you mean "currency"?',
        "insight.yaml: decimals: 'two' is no number of decimals; write 0 for whole minor units, 2 for amounts such as 12.50",
        'insight.yaml: events["Order Completed"][1]: a name belongs here, not 3',
        "insight.yaml: churn: 180 is no duration; write how long, for example 90 days",
        'insight.yaml: kpis.recover-cart[0]: no measure "cart abandonmet rate"; did you mean "cart abandonment rate"?',
        'insight.yaml: kpis.recover-cart[0]: "marketng" is no owner; did you mean "marketing"?',
        'insight.yaml: kpis.recover-cart[1]: "35.50 EUR": EUR is not what the shop counts in; say so above: currency: EUR',
        'insight.yaml: kpis.recover-cart[2]: "it" is no owner; write marketing, sales, support, product',
        'insight.yaml: kpis.recover-cart[2]: "daily" is no rhythm; write weekly, monthly, quarterly',
        'insight.yaml: kpis.recover-cart[2]: "60" is no share; write it in per cent, from 0% to 100%',
        'insight.yaml: kpis.recover-cart[3]: "60" is no duration; write for example "2 hours" or "3 days"',
        'insight.yaml: kpis.recover-cart[4]: "traffic by source" is told for each source and is no single number; choose another measure',
        f"insight.yaml: kpis.recover-cart[5]: 'NPS 40' is no KPI; write MEASURE at least or at most TARGET, OWNER, RHYTHM: {KPI}",
        f"insight.yaml: kpis.win-back: a list belongs here, not 'NPS at least 40, support, weekly'; write [{KPI}]",
    ]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("zone: 3", "zone: 3 is no time zone"),
        ("currency: euro", "currency: 'euro' is no currency; write its three letters, for example EUR"),
        ("decimals: 9", "decimals: 9 is no number of decimals"),
        ("decimals: true", "decimals: True is no number of decimals"),
        ("events: [Paid]", "events: a mapping belongs here, not ['Paid']; write {NAME OF THE VOCABULARY: NAME IN THE SHOP}"),
        ("events: {Order Complete: Paid}", 'events: "Order Complete" is no event that numbers know; did you mean "Order Completed"?'),
        ("properties: {order: basket}", 'properties: "order" is no property that numbers know; did you mean "order_id"?'),
        ("events: {Order Completed: Paid, Order Refunded: Paid}", '"Paid" stands for "Order Completed" and for "Order Refunded"; keep one'),
        ("channels: {letter: 3}", "channels.letter: a name belongs here, not 3"),
        ("churn: soon", 'churn: "soon" is no duration'),
        ("test: []", "test: a name belongs here, not []"),
        ("[1, 2]", "a mapping belongs here, not [1, 2]; there are zone, currency, decimals, events"),
        ("zone: UTC\n---\nzone: UTC", "2 documents in one file of settings; write one"),
        ("kpis: {a: [{NPS: 3}]}", "kpis.a[0]: {'NPS': 3} is no KPI"),
        (
            "kpis: {a: ['NPS at least 3, support, weekly', 'NPS at least 4, product, weekly']}",
            '"NPS" has two targets, weekly both; keep one',
        ),
        (
            "currency: USD\nkpis: {a: ['average order value at least 3 EUR, sales, weekly']}",
            "EUR is not what the shop counts in; write it in USD",
        ),
        (
            "currency: USD\nkpis: {a: ['average order value at least 3, sales, weekly']}",
            '"3" is no amount; write it with its currency, 35.00 USD',
        ),
        ("kpis: {a: ['cart abandonment rate at most 120%, sales, weekly']}", '"120%" is no share; write it in per cent, from 0% to 100%'),
        ("kpis: {a: ['NPS at least many, sales, weekly']}", '"many" is no number; write for example 40 or 1,200'),
    ],
)
def test_a_mistake_is_told_with_the_way_out(written, problem):
    """Whoever has made it knows where, what, and what to write instead."""
    with pytest.raises(DefinitionError) as caught:
        read_settings(written, MEASURES)

    (told,) = caught.value.problems
    assert told.startswith(f"insight.yaml: {problem}") or problem in told


def test_targets_of_currencies_without_cents():
    """Amounts have the minor units of their currency: none in Japan, a thousand in Kuwait."""
    yen = read_settings("currency: JPY\nkpis: {a: ['average order value at least 3,500 JPY, sales, weekly']}", MEASURES)
    dinar = read_settings("currency: KWD\nkpis: {a: ['average order value at least 3.250 KWD, sales, weekly']}", MEASURES)

    assert [yen.kpis["a"][0].target, dinar.kpis["a"][0].target] == [3_500, 3_250]
    assert kpi_text(dinar.kpis["a"][0], "money", "KWD") == "average order value at least 3.250 KWD, sales, weekly"
