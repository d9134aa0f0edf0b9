"""The three rules that every shop starts with; ``three_rules.yaml`` says the same."""

from journeykit import Catalog, Do, Journey, On, Step

# A cart left for two hours: a reminder by e-mail with a small discount.
cart_reminder = Journey(
    "cart-reminder", key="cart_id", entry="Product Added", exits="Order Completed",
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder", discount=10)),
    ],
)  # fmt: skip

# A loyal customer without a purchase for 90 days: into the re-engagement audience.
win_back = Journey(
    "win-back", entry=On(segment="silent"), reentry="always", stage="retention",
    steps=[Step("silent", do=Do("audience", add_to="re-engagement"))],
)  # fmt: skip

# A new customer's purchase: a welcome by text message with the guide to start with.
welcome = Journey(
    "welcome", entry=On("Order Completed", where="customer.orders == 1"), stage="purchase",
    steps=[Step("welcomed", do=Do("sms", template="welcome", guide="getting-started"))],
)  # fmt: skip

# What the shop counts for all of them.
catalog = Catalog(
    facts={"orders": "count of Order Completed", "last_order": "last of Order Completed"},
    segments={"silent": "customer.orders >= 3 and now - customer.last_order >= days(90)"},
)
