"""``corner-shop SHOP.DB``: the shop's worker, and its e-mails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from corner_shop.shop import make_engine, prepare
from journeykit import EmailAction, Worker
from journeykit.actions.templates import Template

HELLO = "Hello {first_name or 'there'}!\n\n"
TEMPLATES = {
    "cart-reminder": Template(subject="You left something behind", text=HELLO + "Your cart is still here."),
    "cart-discount": Template(subject="{discount} percent off", text=HELLO + "Your cart is still here, and {discount} percent cheaper."),
    "thanks": Template(subject="Thank you", text=HELLO + "Your order is on its way."),
    "review": Template(subject="How do you like it?", text=HELLO + "Would you tell others?"),
}


def send_by(host: str, port: int) -> EmailAction:
    """The shop's e-mails by way of a relay on the same machine."""
    return EmailAction(host, port=port, sender="The Corner Shop <hello@corner.example>", templates=TEMPLATES, security="none")


def main() -> None:
    """Work until told to stop."""
    database = Path(sys.argv[1] if len(sys.argv) > 1 else "shop.db")
    prepare(database)
    host, _, port = os.environ.get("SHOP_RELAY", "localhost:25").partition(":")
    Worker(make_engine(database, {"email": send_by(host, int(port or 25))})).run()


if __name__ == "__main__":
    main()
