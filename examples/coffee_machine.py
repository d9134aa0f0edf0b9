"""The customer journey of a coffee machine as Python values; ``coffee_machine.yaml`` says the same."""

from journeykit import Do, Journey, On, Scope, Step, Transition

OWNS_ONE = "customer.stage in ['retention', 'advocacy'] and not data.complaint"

anywhere = [
    Transition("ordered", on="Order Completed", back=True),
    Transition(
        "complaint",
        on=On("Complaint Opened", where="customer.stage in ['purchase', 'retention', 'advocacy']"),
        set={"data.complaint": True},
        back=True,
    ),
    Transition("advocate", on=On("Picture Posted", where=OWNS_ONE), do=Do("reward", points=50)),
    Transition(
        "advocate",
        on=On("Referral Sent", where=OWNS_ONE),
        do=[Do("reward", points=100), Do("invite", friend="{event.friend}", link="{event.link}")],
    ),
    Transition("advocate", on=On("Review Submitted", where=f"{OWNS_ONE} and event.stars == 5"), do=Do("reward", points=25)),
]

awareness = [
    Step("saw the ad", stage="awareness", wait="90 days", when={"Product Viewed": "comparing"}),
    Step("forgotten", end="nothing heard"),
]

consideration = Scope(
    "deciding",
    stage="consideration",
    when=[
        Transition(on="Newsletter Subscribed", set={"data.discount": 10}, do=Do("email", template="newsletter-discount", percent=10)),
        Transition("cart filled", on="Product Added"),
        Transition("checkout", on="Checkout Started"),
    ],
    steps=[
        Step(
            "comparing",
            wait="90 days",
            when={"Product Viewed": "comparing", "Review Read": "comparing"},
            then=Transition("forgotten", back=True),
        ),
        Step("cart filled", wait="2 hours"),
        Step("cart left", do=Do("email", template="cart-reminder", percent="{data.discount or 0}"), wait="3 days", then="comparing"),
        Step("checkout", wait="1 hour", when={"Payment Failed": "checkout failed"}, then="cart left"),
        Step("checkout failed", do=Do("email", message="transactional", template="other-ways-to-pay"), wait="1 day", then="cart left"),
    ],
)

purchase = [
    Step(
        "ordered",
        stage="purchase",
        do=Do("email", message="transactional", template="order-confirmation", order="{event.order_id}"),
        wait="5 days",
        when={"Order Delivered": "delivered"},
    ),
    Step(
        "parcel late",
        do=[Do("email", message="transactional", template="parcel-late"), Do("ticket", queue="shipping")],
        when={"Order Delivered": "delivered"},
    ),
]

retention = Scope(
    "owning",
    stage="retention",
    when=Transition(on="Loyalty Joined", set={"customer.member": True}, do=Do("email", template="loyalty-welcome")),
    steps=[
        Step("delivered", do=Do("email", template="quick-start"), wait="7 calendar days at 09:00"),
        Step("brewing", do=Do("email", template="brewing-tips"), wait="90 days", then="silent"),
        Step(
            "complaint",
            do=Do("ticket", queue="complaints"),
            when={"Complaint Resolved": Transition("owner", set={"data.complaint": False}, do=Do("email", template="sorry-and-thanks"))},
        ),
        Step("owner", wait="90 days"),
        Step("silent", do=Do("email", template="we-miss-you"), wait="90 days", when={"Product Viewed": "owner"}),
    ],
)

advocacy = Step("advocate", stage="advocacy", wait="90 days", then=Transition("silent", back=True))

coffee_machine = Journey(
    "coffee-machine",
    lifecycle=True,
    zone="Europe/Berlin",
    entry="Ad Clicked",
    reentry="always",
    goal="Order Completed",
    when=anywhere,
    steps=[*awareness, consideration, *purchase, retention, Step("gone", end="nothing heard"), advocacy],
)
