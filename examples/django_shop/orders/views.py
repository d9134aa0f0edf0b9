"""An order, and what follows from it, in one transaction."""

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from journeykit import Event
from journeykit.contrib.django import engine
from orders.models import Order


@csrf_exempt
@require_POST
def complete(request: HttpRequest) -> JsonResponse:
    """Take an order: a row of the shop's own, and an event for the customer's journeys."""
    customer, total = request.POST["customer"], int(request.POST["total"])
    with transaction.atomic():
        order = Order.objects.create(customer=customer, total=total)
        engine().handle(
            Event(
                "Order Completed",
                id=f"order-{order.pk}",
                customer_id=customer,
                occurred_at=timezone.now(),
                properties={"order_id": str(order.pk), "total": total},
            )
        )
        if request.POST.get("card") == "refused":
            raise ValueError("the card was refused")
    return JsonResponse({"order": order.pk})
