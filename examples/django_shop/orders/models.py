"""The shop's own rows."""

from django.db import models


class Order(models.Model):
    """What somebody bought."""

    customer = models.CharField(max_length=100)
    total = models.IntegerField(help_text="cents")

    def __str__(self) -> str:
        return f"order {self.pk} of {self.customer}"
