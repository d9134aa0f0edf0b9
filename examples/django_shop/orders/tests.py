"""What the shop promises; ``python manage.py test``."""

from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.db import transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from journeykit import ManualClock
from journeykit.contrib.django import engine, worker
from journeykit.runtime.backoff import Backoff
from orders.models import Order


class OrderTest(TestCase):
    """Orders and the journeys that they begin."""

    def test_an_order_begins_a_journey(self) -> None:
        """The customer is thanked once a worker has come by, and not before."""
        self.client.post("/orders/", {"customer": "ann", "total": 4250})
        self.assertEqual(len(mail.outbox), 0)
        worker().step()

        self.assertEqual([(message.subject, message.to) for message in mail.outbox], [("thanks", ["ann@example.com"])])
        worker().step()
        self.assertEqual(len(mail.outbox), 1)

    def test_an_order_that_is_refused_begins_nothing(self) -> None:
        """The order and the journey are one transaction."""
        with self.assertRaisesMessage(ValueError, "the card was refused"):
            self.client.post("/orders/", {"customer": "bob", "total": 10, "card": "refused"})

        self.assertFalse(Order.objects.exists())
        self.assertEqual(engine().storage.customers(), [])

    def test_an_action_that_fails_is_tried_again(self) -> None:
        """It costs nobody else anything."""
        self.client.post("/orders/", {"customer": "ann", "total": 4250})
        with patch("orders.actions.send_mail", side_effect=OSError):
            worker().step()

        self.assertEqual([row.attempts for row in engine().outbox("open")], [1])


class LaterTest(TestCase):
    """What comes days after an order, on a clock that the test moves."""

    def setUp(self) -> None:
        """An engine on that clock, as long as the test goes on."""
        self.clock = ManualClock(timezone.now())
        self.enterContext(override_settings(JOURNEYKIT={**settings.JOURNEYKIT, "OPTIONS": {"clock": self.clock}}))

    def test_ten_days_later_a_review_is_asked_for(self) -> None:
        """A minute more, for the view says when it was by the machine's own clock, which has moved on."""
        self.client.post("/orders/", {"customer": "ann", "total": 4250})
        worker().step()
        self.clock.advance("9 days")
        worker().step()
        self.assertEqual([message.subject for message in mail.outbox], ["thanks"])

        self.clock.advance("1 day 1 minute")
        worker().step()
        self.assertEqual([message.subject for message in mail.outbox], ["thanks", "review"])


class CommitTest(TransactionTestCase):
    """What others see, and when."""

    def test_workers_are_woken_after_the_commit(self) -> None:
        """Inside the transaction nobody is told."""
        woken: list[str] = []
        forget = engine().on_work(lambda: woken.append("woken"))
        with transaction.atomic():
            engine().enroll("care", "ann", id="call-1", key="order-1")
            self.assertEqual(woken, [])
        forget()

        self.assertEqual(woken, ["woken"])


class AdminTest(TestCase):
    """What the staff sees."""

    def setUp(self) -> None:
        """One order, and somebody to look at it."""
        self.client.force_login(User.objects.create_superuser("staff"))
        self.client.post("/orders/", {"customer": "ann/<b>", "total": 4250})

    def test_a_customers_timeline(self) -> None:
        """Where they stand, what happened and why; nothing can be changed."""
        self.assertContains(self.client.get("/admin/journeykit/customer/"), "ann/&lt;b&gt;")
        page = self.client.get("/admin/journeykit/customer/ann_2F_3Cb_3E/change/")
        self.assertContains(page, "thanked")
        self.assertContains(page, "care 1: entered thanked on Order Completed")
        self.assertRegex(page.content.decode(), r"<td>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{3,4}</td>")
        self.assertNotContains(page, "<b>")
        self.assertNotContains(page, 'type="submit" value="Save"')
        self.assertEqual(self.client.post("/admin/journeykit/customer/ann_2F_3Cb_3E/delete/").status_code, 403)

    def test_dead_letters(self) -> None:
        """Only what was given up is listed."""
        self.assertContains(self.client.get("/admin/journeykit/deadletter/"), "0 dead letters")
        with (
            override_settings(JOURNEYKIT={**settings.JOURNEYKIT, "OPTIONS": {"backoff": Backoff(attempts=1)}}),
            patch("orders.actions.send_mail", side_effect=OSError("no route")),
        ):
            worker().step()

        page = self.client.get("/admin/journeykit/deadletter/")
        self.assertContains(page, "1 dead letter")
        self.assertContains(page, "OSError")
