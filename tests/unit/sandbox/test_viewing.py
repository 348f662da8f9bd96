"""What a person is offered in a chat: the commands that Telegram would show them there, and the bot's words."""

import pytest

from bot.sandbox.chats import Chat, User
from bot.sandbox.people import ScriptError
from bot.sandbox.state import State
from bot.sandbox.viewing import offered, people

GROUP = -7


def _state() -> State:
    state = State("1:a")
    state.users = {
        1: User(1, "Ann", language_code="ru-RU", role="admin"),
        2: User(2, "Bob", language_code="en"),
        3: User(3, "Robot", is_bot=True),
    }
    state.chats[GROUP] = Chat(GROUP, "group", title="ops", members={1: "creator", 2: "member"})
    return state


def _shown(state: State, user_id: int, chat_id: int) -> str:
    return " ".join(command["command"] for command in offered(state, user_id, chat_id)["commands"])


def _named(scope: str, language: str) -> list[dict[str, str]]:
    return [{"command": f"{scope}{language}", "description": "x"}]


def test_people_are_listed_with_their_role_and_without_bots() -> None:
    ann, bob = people(_state())
    assert (ann["id"], ann["first_name"], ann["role"]) == (1, "Ann", "admin")
    assert (bob["id"], bob["role"]) == (2, None)


def test_the_bot_never_sees_a_role() -> None:
    assert "role" not in _state().users[1].shown()


@pytest.mark.parametrize(
    ("chat_id", "scopes"),
    [
        (1, ["chat:1", "all_private_chats", "default"]),
        (
            GROUP,
            [
                f"chat_member:{GROUP}/1",
                f"chat_administrators:{GROUP}",
                f"chat:{GROUP}",
                "all_chat_administrators",
                "all_group_chats",
                "default",
            ],
        ),
    ],
)
def test_the_narrowest_scope_wins_and_in_it_the_persons_language(chat_id: int, scopes: list[str]) -> None:
    state = _state()
    order = [(scope, language) for scope in scopes for language in ("ru", "")]
    state.commands = {(scope, language): _named(scope, language) for scope, language in order}
    for scope, language in order:
        assert _shown(state, 1, chat_id) == f"{scope}{language}"
        del state.commands[scope, language]
    assert _shown(state, 1, chat_id) == ""


def test_a_member_does_not_get_the_administrators_commands() -> None:
    state = _state()
    state.commands[f"chat_administrators:{GROUP}", ""] = _named("chief", "")
    state.commands["all_chat_administrators", ""] = _named("chiefs", "")
    assert _shown(state, 1, GROUP) == "chief"
    assert _shown(state, 2, GROUP) == ""


def test_an_emptied_list_gives_way_to_the_next() -> None:
    state = _state()
    state.commands = {("chat:1", ""): [], ("default", ""): _named("help", "")}
    assert _shown(state, 1, 1) == "help"


def test_a_chat_that_is_not_begun_already_shows_what_the_bot_can_do() -> None:
    state = _state()
    state.profile = {("description", ""): "I deploy.", ("description", "ru"): "Я деплою."}
    assert offered(state, 1, 1)["description"] == "Я деплою."
    assert offered(state, 2, 2)["description"] == "I deploy."
    assert offered(state, 2, 2)["name"] == "Opsgate"


def test_a_stranger_or_an_unknown_chat_is_said() -> None:
    with pytest.raises(ScriptError, match="user 9 was not created"):
        offered(_state(), 9, 9)
    with pytest.raises(ScriptError, match="there is no chat -8"):
        offered(_state(), 1, -8)
