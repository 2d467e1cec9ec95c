"""The catalogue: what is known about betas, and trying them."""

from django.urls import path

from . import check_views, views

app_name = "betas"
urlpatterns = [
    path("", views.betas, name="betas"),
    path("check/", check_views.check, name="check"),
    path("check/leave-out/", check_views.leave_out, name="leave_out"),
    path("<str:name>/", views.beta, name="beta"),
    path("<str:name>/try/", views.try_it, name="try_it"),
]
