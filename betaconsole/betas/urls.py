"""The catalogue: what is known about betas, where they are accepted, and trying them."""

from django.urls import path

from . import availability_views, check_views, views

app_name = "betas"
urlpatterns = [
    path("", views.betas, name="betas"),
    path("check/", check_views.check, name="check"),
    path("check/leave-out/", check_views.leave_out, name="leave_out"),
    path("tried/", views.tried, name="tried"),
    # what a connection and model accept
    path("availability/", availability_views.availability, name="availability"),
    path("availability/size/", availability_views.check_size, name="check_size"),
    path("availability/start/", availability_views.start_check, name="start_check"),
    path("availability/schedule/", availability_views.set_schedule, name="set_schedule"),
    path("availability/<str:public_id>/", availability_views.check_progress, name="check_progress"),
    path("availability/<str:public_id>/stop/", availability_views.stop_check, name="stop_check"),
    # one beta
    path("<str:name>/", views.beta, name="beta"),
    path("<str:name>/try/", views.try_it, name="try_it"),
]
