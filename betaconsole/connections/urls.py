"""Where requests go and with which key."""

from django.urls import path

from . import views

app_name = "connections"
urlpatterns = [
    path("", views.connections, name="connections"),
    path("new/", views.new, name="new"),
    path("<str:public_id>/", views.connection, name="connection"),
    path("<str:public_id>/edit/", views.edit, name="edit"),
    path("<str:public_id>/test/", views.test, name="test"),
    path("<str:public_id>/archive/", views.archive, name="archive"),
    path("<str:public_id>/restore/", views.restore, name="restore"),
    path("<str:public_id>/remove/", views.remove, name="remove"),
]
