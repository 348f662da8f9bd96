from __future__ import annotations

import json
import subprocess
import sys

_PROBE = """
import json, re, sys
from pathlib import Path
if sys.argv[1] == "lazy":
    from bot import lazy_models
    lazy_models.import_aiogram()
import aiogram.methods, aiogram.types
import bot.app
rss = int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])
from aiogram.methods import Response, SendMessage
from aiogram.methods.base import TelegramMethod
from aiogram.types import Message, Update
from aiogram.types.base import TelegramObject

def below(model):
    yield model
    for one in model.__subclasses__():
        yield from below(one)

text = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hi"}
update = Update.model_validate({"update_id": 1, "message": text})
answer = Response[Message].model_validate({"ok": True, "result": text})
sent = SendMessage(chat_id=1, text="hi").model_dump(warnings=False)
models = {model for base in (TelegramObject, TelegramMethod) for model in below(base)}
for model in models:
    model.model_rebuild()
shapes = {
    f"{model.__module__}.{model.__qualname__}": sorted(
        re.sub("0x[0-9a-f]+", "", f"{name}: {field.annotation} {field.is_required()}") for name, field in model.model_fields.items()
    )
    for model in models
}
built = sum(model.__pydantic_complete__ for model in models)
print(json.dumps({"rss": rss, "built": built, "models": len(models), "shapes": shapes,
                  "read": [repr(update), repr(answer), repr(sorted(sent))]}))
"""


def _probe(how: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, how], capture_output=True, text=True, timeout=50, check=True
    )
    return dict(json.loads(done.stdout))


def test_models_built_when_first_used_are_the_same_models_for_much_less_memory() -> None:
    lazy, eager = _probe("lazy"), _probe("eager")
    assert lazy["built"] == lazy["models"] == eager["models"]
    assert lazy["shapes"] == eager["shapes"]
    assert lazy["read"] == eager["read"]
    assert int(str(lazy["rss"])) < 0.75 * int(str(eager["rss"]))


_EACH_FIRST = """
import os
from bot import lazy_models
lazy_models.import_aiogram()
import aiogram.methods
from aiogram.methods import Response
from aiogram.methods.base import TelegramMethod

methods = [getattr(aiogram.methods, name) for name in aiogram.methods.__all__]
methods = [one for one in methods if issubclass(one, TelegramMethod) and one is not TelegramMethod]
answers = {str(one.__returning__): one.__returning__ for one in methods}
failed = []
for name, answer in answers.items():
    if (child := os.fork()) == 0:  # so that each is the first model that a process builds
        try:
            Response[answer].model_validate({"ok": False})
        except BaseException as error:
            os.write(2, f"{name}: {error}\\n".encode())
            os._exit(1)
        os._exit(0)
    failed += [name] * bool(os.waitpid(child, 0)[1])
print(len(answers), failed)
"""


def test_the_answer_of_every_method_can_be_the_first_model_that_is_built() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EACH_FIRST], capture_output=True, text=True, timeout=50, check=True
    )
    count, _, failed = done.stdout.strip().partition(" ")
    assert int(count) > 30
    assert failed == "[]", done.stderr[:2000]
