"""What is written is read back equal, whatever it holds, and what is read is written back the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.codec import definition_hash, dumps, journey_from_text, journey_text, load, loads
from journeykit.errors import DefinitionError
from journeykit.model.customer import Catalog
from journeykit.model.journey import Do, Entry, Exit, Goal, Journey, On, Scope, Start, Step, Transition
from journeykit.model.phrases import Split
from journeykit.testing import strategies

RECOVER_CART = """\
journey: recover-cart
key: cart_id
entry: Product Added
exits: Order Completed
steps:
  - step: left
    stage: consideration
    wait: 2 hours
    when: {Product Added: left}
  - step: reminded
    do: {email: {template: cart-reminder, discount: 10}}
"""

EVERYTHING = """\
journey: everything
stage: consideration
stages: [consideration, purchase]
lifecycle: true
zone: Europe/Berlin
open: 2026-11-01 to 2026-12-24
key: cart_id
entry:
  - event: Product Added
    where: event.total > 5 and event.plan in ['gold', 'silver']
    wait: 15 minutes
    set: {data.total: event.total, data.round: 1, data.gift: true}
  - {changed: customer.plan}
exits:
  - Order Completed
  - {event: Order Placed, where: event.total >= 5000, key: any, late: drop, end: bought, at: next action}
goal: {event: Order Completed, where: event.total >= 100, end: completed}
reentry: after 30 days since end
when:
  Email Opened: thanked
  Plan Changed: {late: drop, to: asked, do: log, set: {data.plan: event.plan}, back: true}
steps:
  - step: asked
    set: {customer.tier: "'gold'"}
    do:
      - {email: {template: ask, to: "{customer.email or 'nobody'}", expires: '2 days, with step', message: marketing}}
      - log
    wait: 2 calendar days at 09:00
    when:
      - {settled: email dead, to: thanked}
      - {after: 1 hour, do: {start: {journey: other, customer: event.friend, key: 5, set: {data.code: "'x'"}}}}
    then:
      - {where: customer.plan == 'gold', to: thanked}
      - hurried
    leaving: log
  - scope: hurry
    stage: purchase
    do: log
    wait: 3 days
    exits: {event: Order Completed, end: bought}
    then: 50% thanked, 50% won as test
    steps:
      - step: hurried
        do:
          email:
            text: |
              Hello {customer.first_name},

              hurry!
            codes: ['NO', 'on', '10:30', '1_000', 0o7 x, '12', 12, 1.5, null, true, 'true', {a: []}]
      - step: thanked
  - step: won
    end: completed
"""

CATALOG = """\
events:
  Order Completed: {total: money, items: list}
  Signed Up: {}
traits: {plan: text, age: number}
facts:
  orders: count of Order Completed
  spent: sum of Order Completed.total where event.currency == 'EUR'
actions: {email: marketing, log: none}
"""
