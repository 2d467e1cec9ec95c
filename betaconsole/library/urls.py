"""What a team keeps: prompts and combinations."""

from django.urls import path

from . import views

app_name = "library"
urlpatterns = [
    path("prompts/", views.prompts, name="prompts"),
    path("prompts/<str:public_id>/", views.prompt, name="prompt"),
    path("prompts/<str:public_id>/rename/", views.rename_prompt, name="rename_prompt"),
    path("prompts/<str:public_id>/delete/", views.delete_prompt, name="delete_prompt"),
    path("prompts/<str:public_id>/restore/", views.restore_prompt, name="restore_prompt"),
    path("combinations/", views.combinations, name="combinations"),
    path("combinations/<str:public_id>/rename/", views.rename_combination, name="rename_combination"),
    path("combinations/<str:public_id>/delete/", views.delete_combination, name="delete_combination"),
    path("combinations/<str:public_id>/restore/", views.restore_combination, name="restore_combination"),
]
