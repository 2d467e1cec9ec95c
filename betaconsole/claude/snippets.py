"""A request as code to paste: curl, the Python SDK in two ways, the TypeScript SDK.

Each sends the same request when run: method, path, betas, version, body. The key is never in it: it comes from the
environment. curl sends a body byte for byte; the SDKs write numbers their own way (1e2 becomes 100.0), and every
client draws the boundary of an upload anew.
"""

from .curl_code import curl
from .python_code import python_beta, python_headers
from .snippet_request import SnippetRequest
from .typescript_code import typescript

__all__ = ["SnippetRequest", "curl", "python_beta", "python_headers", "typescript"]
