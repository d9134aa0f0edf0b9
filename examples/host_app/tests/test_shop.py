"""The shop itself: its rows and its journeys stand and fall together."""

from __future__ import annotations

import sqlite3

import pytest
from corner_shop.__main__ import send_by
from corner_shop.shop import Shop, make_engine, prepare

from journeykit import Worker
from journeykit.testing import Recorder
from journeykit.testing.receivers import SMTPReceiver


@pytest.fixture(name="database")
def _database(tmp_path):
    prepare(tmp_path / "shop.db")
    return tmp_path / "shop.db"


def paid(cents):
    """The card is good."""


def refused(cents):
    """The card is not."""
    raise ValueError("the card was refused")


def test_an_order_that_is_refused_has_never_been(database):
    """Neither as a row nor in Ann's story."""
    engine = make_engine(database, Recorder("email"))
    shop = Shop(database, engine)
    shop.sign_up("ann", "ann@mail.example")
    with pytest.raises(ValueError, match="refused"):
        shop.order("ann", "c1", refused)

    with sqlite3.connect(database) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)
    assert "Order Completed" not in engine.explain("ann").text


def test_an_order_is_thanked_by_mail(database):
    """The worker takes it from the database to a real mail server."""
    with SMTPReceiver() as post:
        engine = make_engine(database, {"email": send_by("127.0.0.1", post.port)})
        shop = Shop(database, engine)
        shop.sign_up("ann", "ann@mail.example", "Ann")
        shop.add("ann", "c1", "kettle", 3900)
        shop.order("ann", "c1", paid)
        while Worker(engine).step():
            pass

    (mail,) = post.messages
    assert (mail["To"], mail["Subject"]) == ("ann@mail.example", "Thank you")
    assert mail.get_content().startswith("Hello Ann!")


def test_who_is_forgotten_is_not_in_the_file(database):
    """Ann's address is nowhere any more."""
    engine = make_engine(database, Recorder("email"))
    shop = Shop(database, engine)
    shop.sign_up("ann", "ann@mail.example", "Ann")
    shop.order("ann", "c1", paid)
    shop.forget("ann")

    assert engine.explain("ann").entries == ()


def test_a_ticket_holds_the_shop_back(database):
    """And once it is resolved, it is known to be."""
    engine = make_engine(database, Recorder("email"))
    shop = Shop(database, engine)
    shop.sign_up("ann", "ann@mail.example", "Ann")
    shop.resolve(shop.complain("ann"))

    told = [line.text for line in engine.explain("ann").entries]
    assert told[-2:] == ["Ticket Opened", "Ticket Resolved"]
