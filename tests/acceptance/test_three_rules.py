"""The three rules that every shop starts with."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from journeykit import load, loads
from journeykit.testing import Scenario

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(name="rules")
def _rules() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "three_rules.py"))


@pytest.fixture(name="shop")
def _shop(rules: dict[str, Any]) -> Scenario:
    journeys = [rules["cart_reminder"], rules["win_back"], rules["welcome"]]
    return Scenario(journeys, catalog=rules["catalog"], at="2026-03-02 20:00", zone="Europe/Berlin")


def test_python_and_yaml_say_the_same(rules: dict[str, Any]) -> None:
    """The three rules and what they count are the same values in both."""
    assert load(EXAMPLES / "three_rules.yaml") == [rules["cart_reminder"], rules["win_back"], rules["welcome"], rules["catalog"]]


def test_the_readme_shows_the_same_rules(rules: dict[str, Any]) -> None:
    """Below the first page's cart, the other two stand as they are in the examples, in YAML and in Python."""
    readme = (EXAMPLES.parent / "README.md").read_text("utf-8")
    shown = readme[readme.index("## Three rules") :].partition("\n## ")[0]
    yaml = [loads(text) for text in re.findall(r"^```yaml\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)]
    (python,) = re.findall(r"^```python\n(from journeykit import Catalog.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec("from journeykit import Do, Journey, Step\n" + python, names)

    assert yaml == [names["win_back"], names["welcome"], names["shop"]] == [rules["win_back"], rules["welcome"], rules["catalog"]]


def test_each_rule_has_at_most_eight_lines_of_python() -> None:
    """A rule in Python is eight lines at most, of at most 100 characters."""
    source = (EXAMPLES / "three_rules.py").read_text()
    rules = [statement for statement in ast.parse(source).body if isinstance(statement, ast.Assign)]
    lengths = {rule.targets[0].id: (rule.end_lineno or 0) - rule.lineno + 1 for rule in rules if isinstance(rule.targets[0], ast.Name)}

    assert lengths == {"cart_reminder": 7, "win_back": 4, "welcome": 4, "catalog": 4}
    assert max(map(len, source.splitlines())) <= 100


def test_each_rule_has_at_most_eight_lines_of_yaml() -> None:
    """A rule in YAML is eight lines at most, its comment apart, of at most 100 characters."""
    source = (EXAMPLES / "three_rules.yaml").read_text()
    lengths = [len([line for line in part.splitlines() if line and not line.startswith("#")]) for part in source.split("---\n")]

    assert lengths == [7, 6, 5, 2]
    assert max(map(len, source.splitlines())) <= 100


def test_a_cart_left_for_two_hours(shop: Scenario) -> None:
    """Two hours after the last product comes one reminder with a small discount."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("1 hour")
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.wait("3 hours")
    shop.expect("email", template="cart-reminder", discount=10, at="2026-03-02 23:00")

    shop.expect_nothing_else()


def test_a_cart_that_is_bought(shop: Scenario) -> None:
    """Who buys this cart is not reminded of it, but of the other one that they left."""
    shop.event("Product Added", customer="ann", cart_id="c1")
    shop.event("Product Added", customer="ann", cart_id="c2")
    shop.wait("1 hour")
    shop.event("Order Completed", customer="ann", cart_id="c1")
    shop.expect("sms", template="welcome", guide="getting-started", at="2026-03-02 21:00")
    shop.wait("3 hours")
    shop.expect("email", template="cart-reminder", discount=10, at="2026-03-02 22:00")

    shop.expect_nothing_else()


def test_a_loyal_customer_falls_silent(shop: Scenario) -> None:
    """Ninety days after the last of three or more orders a customer goes into the audience, and after the next silence again."""
    for _ in range(4):
        shop.event("Order Completed", customer="ann")
        shop.wait("10 days")
    shop.expect("sms", template="welcome", guide="getting-started", at="2026-03-02 20:00")
    shop.wait("85 days")
    shop.expect("audience", add_to="re-engagement", at="2026-06-30 21:00")
    shop.event("Order Completed", customer="ann")
    shop.wait("91 days")
    shop.expect("audience", add_to="re-engagement", at="2026-10-03 21:00")

    shop.expect_nothing_else()


def test_two_orders_are_not_loyal_yet(shop: Scenario) -> None:
    """A customer of two orders is welcomed once and never put into the audience."""
    shop.event("Order Completed", customer="ann")
    shop.wait("1 day")
    shop.event("Order Completed", customer="ann")
    shop.wait("200 days")
    shop.expect("sms", template="welcome", guide="getting-started", at="2026-03-02 20:00")

    shop.expect_nothing_else()
