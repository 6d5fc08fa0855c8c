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
