"""The catalogue: what is known about betas, and trying them."""

from django.urls import path

from . import views

app_name = "betas"
urlpatterns = [
    path("", views.betas, name="betas"),
    path("<str:name>/", views.beta, name="beta"),
    path("<str:name>/try/", views.try_it, name="try_it"),
]
