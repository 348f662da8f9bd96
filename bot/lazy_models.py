"""Imports aiogram without building its six hundred pydantic models: each is built when it is first used.

aiogram rebuilds every model at import: 3.3 s and 168 MB, against 1.0 s and 58 MB this way (aiogram 3.31, pydantic 2.13,
CPython 3.11). Only what pydantic offers for deferred models is used: `defer_build`, and the module in which a model
looks up the names of its annotations when it is built. A test builds every model this way, each alone and first, and
compares with aiogram's own.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from typing import Any, Literal, Optional, Union

from pydantic import BaseModel

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def import_aiogram() -> None:
    """Imports aiogram, once per process and before anything else imports it. Later calls do nothing."""
    if "aiogram" in sys.modules:
        return
    rebuild = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(_not_now)  # type: ignore[method-assign, assignment]  # put back below
    BaseModel.model_config["defer_build"] = True
    try:
        importlib.import_module("aiogram.methods")
    finally:
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]  # as it was
        BaseModel.model_config.pop("defer_build")
    _tell_names()


def _not_now(_model: type[BaseModel], /, **_settings: Any) -> None:
    """Stands in for `model_rebuild` while aiogram is imported."""


def _tell_names() -> None:
    """Gives each module of aiogram the names in its models' annotations, which it imports for type checkers only."""
    from aiogram import methods, types
    from aiogram.client.default import Default
    from aiogram.methods.base import Response, TelegramMethod
    from aiogram.types.base import TelegramObject

    typing = {"List": list, "Optional": Optional, "Union": Union, "Literal": Literal, "Default": Default}
    modules = (types, methods)
    names = typing | {name: getattr(module, name) for module in modules for name in module.__all__}
    for model in (*_below(TelegramObject), *_below(TelegramMethod)):
        module = vars(sys.modules[model.__module__])
        for name in _named_in(model):
            if name in names:
                module.setdefault(name, names[name])
    # Response[X] is made anew for each answer's type, and built at once.
    Response.model_config.pop("defer_build", None)
    Response.model_rebuild(force=True)


def _named_in(model: type[BaseModel]) -> Iterator[str]:
    """Every word of the model's annotations, inherited ones too: they are looked up from the heir's module."""
    for heir in model.__mro__:
        for annotation in vars(heir).get("__annotations__", {}).values():
            yield from _NAME.findall(str(annotation))


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for one in model.__subclasses__():
        yield from _below(one)
