"""The JSON API under /api/v1/ and its reference under /api/docs: the top floor, which only translates."""
