"""/migrate [project]: a plan card, then the gate. The card's buttons about scripts of which only a person knows."""

from __future__ import annotations

from collections.abc import Mapping

from aiogram import Bot, F
from aiogram.types import CallbackQuery

from bot import keyboards
from bot.access import Visitor
from handlers.arguments import Wanted
from handlers.freshness import MUTATING
from handlers.proposing import command_router, propose
from handlers.replacing import OfferStands, replace
from handlers.replies import answer_first
from services.errors import BadInput
from services.migrations.proposals import Chosen, choice_of
from services.models import Kind, Operation, Plan
from services.operations import Operations
from services.projects import Project

router = command_router(Kind.MIGRATE, takes_ref=False)


@router.callback_query(F.data.regexp(keyboards.NEW_MIGRATIONS), flags=MUTATING)
async def after_a_deploy(
    query: CallbackQuery, visitor: Visitor, bot: Bot, operations: Operations, projects: Mapping[str, Project]
) -> None:
    """The button of a deploy's verdict, which stays as it is: a card of its own comes."""
    await answer_first(query)
    wish = Wanted((query.data or "")[2:])
    await propose(bot, visitor, operations, projects, Kind.MIGRATE, wish)


@router.callback_query(F.data.regexp(keyboards.CHOOSE_MIGRATIONS), flags=MUTATING)
async def choose(
    query: CallbackQuery,
    visitor: Visitor,
    bot: Bot,
    operations: Operations,
    projects: Mapping[str, Project],
    offer_stands: OfferStands,
    migrations_chosen: Chosen,
) -> None:
    """Nothing runs and nothing is noted by it: the new card is confirmed as any other."""
    letters = (query.data or "")[2:4]

    async def make(old: Operation) -> Plan:
        if old.project not in projects:
            raise BadInput("error-no-project", project=old.project, known=", ".join(projects))
        return await migrations_chosen(projects[old.project], choice_of(old, letters))

    await replace(query, visitor, bot, operations, offer_stands, make)
