"""What `POST /comparisons/{id}/more` takes."""

from pydantic import BaseModel, ConfigDict, Field

from betaconsole.drafts.columns import MAX_REPEATS

from .asking import Token

MORE_EXAMPLE = {"repeats": 20}


class MoreRepeats(BaseModel):
    """More repeats of what a comparison sent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    repeats: int = Field(ge=1, le=MAX_REPEATS - 1, description="How many, for each column and case.")
    client_token: Token | None = Field(None, description="The same token again adds nothing more.")
    over_budget: bool = Field(
        False,
        description="Pass the connection's budget, which an admin's token may; it is written down in the audit log.",
    )
