"""Read-only pages of the admin: a customer's timeline and enrollments, and the dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from journeykit.contrib.django import engine
from journeykit.contrib.django.models import Customer, DeadLetter
from journeykit.model.messages import moment
from journeykit.model.records import Enrollment, Want


class _ReadOnly(admin.ModelAdmin):
    """Nobody adds, changes or deletes; the permission to view is Django's."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Customers come by events."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was decided stands."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is kept."""
        return False


@admin.register(Customer)
class CustomerAdmin(_ReadOnly):
    """Customers by id; each with where they stand, and what happened to them and why."""

    list_display = ("id",)
    search_fields = ("id",)
    change_form_template = "admin/journeykit/customer.html"
    fields = ()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show one customer."""
        customer_id = admin.utils.unquote(object_id)
        shown = {"timeline": _timeline(customer_id), "enrollments": _enrollments(customer_id)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})


@admin.register(DeadLetter)
class DeadLetterAdmin(_ReadOnly):
    """Requests whose attempts are used up; ``manage.py journeykit outbox`` retries and drops them."""

    list_display = ("action", "customer", "journey", "attempts", "reason", "since")
    list_filter = ("action", "journey")
    search_fields = ("customer",)
    fields = list_display
    readonly_fields = list_display

    @admin.display(ordering="due_at")  # type: ignore[untyped-decorator]  # Django has no types
    def since(self, letter: DeadLetter) -> datetime:
        """When the last attempt ended."""
        return moment(letter.due_at)


def _timeline(customer_id: str) -> list[tuple[datetime, str, str]]:
    return [(line.when, line.kind, line.text) for line in engine().explain(customer_id).entries]


def _enrollments(customer_id: str) -> list[tuple[Enrollment, datetime]]:
    (loaded,) = engine().storage.load_many([Want(customer_id, None)])
    return [(enrollment, moment(enrollment.step_at)) for enrollment in loaded.enrollments]
