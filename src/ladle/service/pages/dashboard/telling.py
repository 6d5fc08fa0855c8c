"""A file of labels from the page of a lead, stored as `ladle campaign tell` does."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfileobj
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from ladle.campaign.told_words import tell_text
from ladle.counts import counted
from ladle.errors import ArgumentError, FileFormatError
from ladle.service.api.answers import worker_of
from ladle.service.api.label_files import FileAnswer, FileOptions, file_name, label_folder, tell_path
from ladle.service.api.models import LONGEST_NAME
from ladle.service.api.once import Once
from ladle.service.api.received import pieces
from ladle.service.config import ServiceConfig
from ladle.service.desk import TheDesk
from ladle.service.gate.crossing import check_secret
from ladle.service.gate.identity import UploadingLead
from ladle.service.pages.dashboard.doing import done
from ladle.service.shown_commands import command_of
from ladle.service.site import Pages

router = APIRouter(include_in_schema=False)
MOST_FIELDS, MOST_FIELD_BYTES, FORM_BYTES = 12, 64 * 1024, 1024 * 1024
OPTIONS = {  # field of the form -> its option on the command line
    "annotator": "annotator",
    "source": "source",
    "id_column": "id",
    "label_column": "label",
}


@router.post("/overview/tell")
async def tell_file(request: Request, pages: Pages, desk: TheDesk, identity: UploadingLead) -> Response:
    """Store the labels of a file. The form is read piece by piece; nothing is stored before its secret was checked.

    Raises: AccessError; FileFormatError for another form; as `tell_path`.
    """
    config: ServiceConfig = request.app.state.config
    campaign = desk.acting(identity.name)
    form = await _form_of(request, config)
    try:
        csrf = form.get("csrf", "")
        check_secret(identity, csrf if isinstance(csrf, str) and csrf else request.headers.get("x-ladle-csrf", ""))
        options, file = _options_of(form), form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise ArgumentError("the file", wanted="be chosen", got="none")
        if options.annotator:
            options = options.model_copy(update={"annotator": worker_of(identity, options.annotator)})
        with label_folder() as folder:
            path = folder / file_name(file.filename, None)
            await to_thread.run_sync(_copy, file, path)
            once = Once(request, identity.name, None)  # the content of the file is its key
            found = await to_thread.run_sync(tell_path, path, options, campaign, desk, once, config)
    finally:
        await form.close()
    given = [f"--{option}={value}" for field, option in OPTIONS.items() if (value := getattr(options, field))]
    command = command_of(campaign, "tell", *given, names=[path.name])
    return done(pages, f"Labels of {path.name}", _lines(found), command, "/overview")


async def _form_of(request: Request, config: ServiceConfig) -> FormData:
    """The fields of a form and its file, which lies on disk if it is large. Raises: FileFormatError; as `pieces`."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return FormData()
    stream = pieces(request, config.label_bytes + FORM_BYTES, config.body_seconds)
    parser = MultiPartParser(
        request.headers, stream, max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES
    )
    try:
        return await parser.parse()
    except MultiPartException as cause:
        raise FileFormatError("the form", wanted="be one of the page", got=cause.message) from cause


def _options_of(form: FormData) -> FileOptions:
    """What the fields say. Raises: ArgumentError for one that is too long."""
    given: dict[str, Any] = {}
    for field in OPTIONS:
        value = form.get(field, "")
        if not isinstance(value, str) or len(value) > LONGEST_NAME:
            raise ArgumentError(f"the field {field}", wanted=f"have {LONGEST_NAME} characters at most", got="more")
        given[field] = value.strip()
    return FileOptions(**given)


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("xb") as target:
        copyfileobj(file.file, target)


def _lines(found: FileAnswer) -> list[str]:
    told = found.told
    if told.repeat_of_key:
        return ["This file was told already, and all of it stands: nothing was changed."]
    lines = [f"{tell_text(found.file, told)}.", f"{counted(told.labelled, 'task', 'is')} labelled by it."]
    if told.unasked:
        lines.append(f"Nobody had asked for {counted(told.unasked, 'example')} of it.")
    if told.quarantined:
        lines.append("The page Quarantine says why labels were not accepted, and how to mend each kind.")
    return lines + found.notices
