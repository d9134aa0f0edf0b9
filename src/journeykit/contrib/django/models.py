"""What the admin shows: rows of the library's own tables, which Django neither makes nor changes."""

from __future__ import annotations

from django.db import models


class Customer(models.Model):
    """A customer for whom something was decided."""

    id = models.TextField(primary_key=True)

    class Meta:
        """The table belongs to the library."""

        managed = False
        db_table = "journeykit_customers"
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.id)


class DeadLetters(models.Manager):
    """Only requests whose attempts are used up."""

    def get_queryset(self) -> models.QuerySet:
        """Those that are dead, of all that the table holds."""
        return super().get_queryset().filter(state="dead")


class DeadLetter(models.Model):
    """A request for an action whose attempts are used up."""

    id = models.BigIntegerField(primary_key=True)
    customer = models.TextField()
    journey = models.TextField()
    action = models.TextField()
    attempts = models.IntegerField()
    reason = models.TextField(null=True)  # noqa: DJ001  the library's own column
    due_at = models.BigIntegerField()
    state = models.TextField()

    objects = DeadLetters()

    class Meta:
        """The table belongs to the library."""

        managed = False
        db_table = "journeykit_outbox"
        ordering = ("-id",)
        verbose_name = "dead letter"

    def __str__(self) -> str:
        return f"{self.action} to {self.customer}"
