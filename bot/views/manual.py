"""The hand procedure: as a message with blocks to copy, or as one text that is itself a shell's."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.utils.formatting import Bold, Pre, sizeof

from bot.texts import Texts
from bot.views.parts import lines
from bot.views.screen import LIMIT, Block, Screen, fit
from services.manual import Act
from services.phrases import Phrase
from services.sources.zipped import Zipped


def manual(project: str, acts: Sequence[Act], texts: Texts) -> Screen | None:
    """None when it does not fit into a message: half of a procedure must not be shown."""
    blocks = [Block(lines(Bold(texts("manual-title", project=project)), texts("manual-intro")))]
    for number, act in enumerate(acts, 1):
        heading = Bold(f"{number}. {texts(f'manual-{act.name}')}")
        before = Bold(texts("manual-back")) if act.back and not acts[number - 2].back else None
        blocks.append(Block(lines(before, heading, Pre("\n".join(act.commands)))))
    whole = "\n\n".join(block.node.render()[0] for block in blocks)
    return fit(blocks, texts) if sizeof(whole) <= LIMIT else None


def manual_text(project: str, acts: Sequence[Act], texts: Texts) -> str:
    """Headings are comments of the shell's."""
    parts = [_comment(texts("manual-title", project=project), texts("manual-intro"))]
    for number, act in enumerate(acts, 1):
        if act.back and not acts[number - 2].back:
            parts.append(_comment(texts("manual-back")))
        place = texts(f"manual-{act.place}")
        heading = _comment(f"{number}. {texts(f'manual-{act.name}')} ({place})")
        parts.append("\n".join((heading, *act.commands)))
    return "\n\n".join(parts) + "\n"


def _comment(*sentences: str) -> str:
    return "\n".join(f"# {line}" for sentence in sentences for line in sentence.splitlines())


def caption(made: Zipped, texts: Texts) -> str:
    """Below the document."""
    return f"{texts('pack-made', label=made.label, files=made.files, size=made.size)}\nSHA-256 {made.sha256}"


def too_big(made: Zipped, project: str, ref: str | None) -> Phrase:
    """Where the zip is to be had that Telegram does not take."""
    words = " ".join(("opsgate", "pack", project, *([ref] if ref else [])))
    return Phrase(id="pack-too-big", args={"size": made.size, "command": words})
