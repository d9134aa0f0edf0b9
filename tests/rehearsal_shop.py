"""A small shop to rehearse with: what it says, and who comes."""

from __future__ import annotations

from journeykit import loads
from journeykit.rehearsal import read_population

CART = """
journey: recover-cart
key: cart_id
entry: Product Added
goal: {event: Order Completed, end: bought}
steps:
  - step: left
    stage: consideration
    wait: 2 hours
    when: {Product Added: left}
  - step: reminded
    do: {email: {template: cart-reminder}}
    wait: 3 days
"""

WIN_BACK = """
journey: win-back
entry: Order Completed
reentry: always
when: {Order Completed: quiet}
steps:
  - step: quiet
    stage: retention
    wait: 30 days
  - step: asked
    do: {email: {template: come-back}}
    wait: 14 days
"""

CATALOG = """
policies: [consent, hold out 10% as control, 'quiet 22:00 to 08:00, missing zone UTC', at most 2 in 7 days]
"""

PEOPLE = """
customers: 200
begin: {Product Added: 100%}
arrival: {over: 60 days, hours: {8-12: 30%, 12-22: 70%}}
zones: {Europe/Berlin: 70%, Europe/London: 30%}
consent: {email: 80%}
events:
  Product Added:
    properties: {cart_id: new, price: 500 to 9000}
    next: {Order Completed: 30% within 4 hours, Product Added: 60% around 20 days}
  Order Completed:
    properties: {cart_id: same, total: 1000 to 20000}
    next: {Product Added: 70% around 30 days}
after:
  email: {Email Opened: 30% within 1 day}
"""

SHOP = [loads(CART), loads(WIN_BACK), loads(CATALOG)]


def people(text=PEOPLE):
    """The population of a text."""
    return read_population(text, "people.yaml")
