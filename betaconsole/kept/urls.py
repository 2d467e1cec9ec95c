"""What a team keeps: prompts and combinations."""

from django.urls import path

from . import case_views, combination_version_views, combination_views, file_views, prompt_views, version_views

app_name = "library"
urlpatterns = [
    path("prompts/", prompt_views.prompts, name="prompts"),
    path("prompts/new/", prompt_views.new_prompt, name="new_prompt"),
    path("prompts/export.jsonl", file_views.export_prompts, name="export_prompts"),
    path("prompts/export.csv", file_views.export_prompts_csv, name="export_prompts_csv"),
    path("prompts/<str:public_id>/", prompt_views.prompt, name="prompt"),
    path("prompts/<str:public_id>/rename/", prompt_views.rename_prompt, name="rename_prompt"),
    path("prompts/<str:public_id>/tags/", prompt_views.tag_prompt, name="tag_prompt"),
    path("prompts/<str:public_id>/duplicate/", prompt_views.duplicate_prompt, name="duplicate_prompt"),
    path("prompts/<str:public_id>/archive/", prompt_views.archive_prompt, name="archive_prompt"),
    path("prompts/<str:public_id>/restore/", prompt_views.restore_prompt, name="restore_prompt"),
    # its versions
    path("prompts/<str:public_id>/diff/", version_views.diff, name="diff"),
    path("prompts/<str:public_id>/changed/", version_views.changed, name="changed"),
    path("prompts/<str:public_id>/versions/restore/", version_views.restore_version, name="restore_version"),
    path("prompts/<str:public_id>/variables/", version_views.describe_variables, name="describe_variables"),
    # its cases
    path("prompts/<str:public_id>/cases/", case_views.set_cases, name="set_cases"),
    path("prompts/<str:public_id>/cases/import/", case_views.import_cases, name="import_cases"),
    path("prompts/<str:public_id>/cases.jsonl", case_views.export_cases, name="export_cases"),
    # combinations
    path("combinations/", combination_views.combinations, name="combinations"),
    path("combinations/new/", combination_views.new_combination, name="new_combination"),
    path("combinations/export.jsonl", file_views.export_combinations, name="export_combinations"),
    path("combinations/export.csv", file_views.export_combinations_csv, name="export_combinations_csv"),
    path("combinations/<str:public_id>/", combination_views.combination, name="combination"),
    path("combinations/<str:public_id>/rename/", combination_views.rename_combination, name="rename_combination"),
    path("combinations/<str:public_id>/describe/", combination_views.describe_combination, name="describe_combination"),
    path(
        "combinations/<str:public_id>/duplicate/",
        combination_views.duplicate_combination,
        name="duplicate_combination",
    ),
    path("combinations/<str:public_id>/archive/", combination_views.archive_combination, name="archive_combination"),
    path("combinations/<str:public_id>/restore/", combination_views.restore_combination, name="restore_combination"),
    # their versions
    path("combinations/<str:public_id>/edit/", combination_version_views.edit_combination, name="edit_combination"),
    path("combinations/<str:public_id>/diff/", combination_version_views.diff_combination, name="diff_combination"),
    path(
        "combinations/<str:public_id>/versions/restore/",
        combination_version_views.restore_combination_version,
        name="restore_combination_version",
    ),
    # either, from a file of ours
    path("library/import/", file_views.import_library, name="import_library"),
]
