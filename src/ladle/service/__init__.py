"""`ladle serve`: a campaign over HTTP, for programs (`/v1`) and for people (pages).

One process serves one campaign. This room has no rule of its own: every route is a call of `Campaign` or `Reader`. It
is the only room that imports FastAPI, Starlette, uvicorn and Jinja2.

Names that other files of this room build on:

- `config.ServiceConfig`: all options of `ladle serve`; `app.create_app(config)`: the application.
- `gate.roles`: `Role` (lead, annotator, reader) and `Identity` (name, role, is_session).
- `gate.identity`: who sends a request, as types of a route's arguments: `SignedIn` (anyone), `Lead`, `Annotators`
  (annotators and leads), `Readers` (readers and leads).
- `desk.OpenCampaign`: as the type of a route's argument, the campaign in the name of the person who is signed in;
  `desk.OneWriter`: a block for changes, one at a time.
- `site.Pages`: as the type of a route's argument, renders a template with what `templates/layout.html` needs.
"""

from __future__ import annotations

from importlib import import_module

from ladle.errors import MissingDependencyError

_PACKAGES = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "jinja2": "jinja2",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus-client",
    "markdown_it": "markdown-it-py",
}


def _check_installed() -> None:
    """Refuse to go on without the packages of the extra. Raises: MissingDependencyError."""
    for module, package in _PACKAGES.items():
        try:
            import_module(module)
        except ImportError as cause:
            raise MissingDependencyError(
                f"the package {package}",
                wanted="be installed to serve a campaign",
                got="no such package",
                remedy="Run: pip install 'ladle[service]'",
            ) from cause


_check_installed()
