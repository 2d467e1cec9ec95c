"""What a team keeps: prompts and combinations."""

from django.urls import path

from betaconsole.library.models import Combination, Prompt

from . import (
    case_views,
    combination_version_views,
    combination_views,
    file_views,
    managing_views,
    prompt_views,
    version_views,
)

app_name = "library"
A_PROMPT, A_COMBINATION = {"kind": Prompt}, {"kind": Combination}  # what a view is about that takes either
urlpatterns = [
    path("prompts/", prompt_views.prompts, name="prompts"),
    path("prompts/new/", prompt_views.new_prompt, name="new_prompt"),
    path("prompts/export.jsonl", file_views.export_prompts, name="export_prompts"),
    path("prompts/export.csv", file_views.export_prompts_csv, name="export_prompts_csv"),
    path("prompts/<str:public_id>/", prompt_views.prompt, name="prompt"),
    path("prompts/<str:public_id>/rename/", managing_views.rename, A_PROMPT, name="rename_prompt"),
    path("prompts/<str:public_id>/tags/", prompt_views.tag_prompt, name="tag_prompt"),
    path("prompts/<str:public_id>/duplicate/", managing_views.duplicate, A_PROMPT, name="duplicate_prompt"),
    path("prompts/<str:public_id>/archive/", managing_views.archive, A_PROMPT, name="archive_prompt"),
    path("prompts/<str:public_id>/restore/", managing_views.restore, A_PROMPT, name="restore_prompt"),
    # its versions
    path("prompts/<str:public_id>/diff/", version_views.diff, name="diff"),
    path("prompts/<str:public_id>/changed/", version_views.changed, name="changed"),
    path("prompts/<str:public_id>/versions/restore/", managing_views.restore_version, A_PROMPT, name="restore_version"),
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
    path("combinations/<str:public_id>/rename/", managing_views.rename, A_COMBINATION, name="rename_combination"),
    path("combinations/<str:public_id>/describe/", combination_views.describe_combination, name="describe_combination"),
    path(
        "combinations/<str:public_id>/duplicate/", managing_views.duplicate, A_COMBINATION, name="duplicate_combination"
    ),
    path("combinations/<str:public_id>/archive/", managing_views.archive, A_COMBINATION, name="archive_combination"),
    path("combinations/<str:public_id>/restore/", managing_views.restore, A_COMBINATION, name="restore_combination"),
    # their versions
    path("combinations/<str:public_id>/edit/", combination_version_views.edit_combination, name="edit_combination"),
    path("combinations/<str:public_id>/diff/", combination_version_views.diff_combination, name="diff_combination"),
    path(
        "combinations/<str:public_id>/versions/restore/",
        managing_views.restore_version,
        A_COMBINATION,
        name="restore_combination_version",
    ),
    # either, from a file of ours
    path("library/import/", file_views.import_library, name="import_library"),
]
