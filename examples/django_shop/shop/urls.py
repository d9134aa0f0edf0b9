"""What the shop answers."""

from django.contrib import admin
from django.urls import path
from orders.views import complete

urlpatterns = [path("admin/", admin.site.urls), path("orders/", complete)]
