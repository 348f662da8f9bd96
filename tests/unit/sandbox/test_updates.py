import asyncio

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.events import Feed
from bot.sandbox.updates import UpdateQueue


@pytest.fixture
def queue() -> UpdateQueue:
    return UpdateQueue(Feed())


async def _ids(queue: UpdateQueue, offset: int = 0, limit: int = 100) -> list[int]:
    return [update["update_id"] for update in await queue.poll(offset, limit, 0)]


async def test_updates_come_again_until_an_offset_confirms_them(queue: UpdateQueue) -> None:
    first, second = queue.put_raw({"message": {}}), queue.put_raw({"message": {}})
    assert await _ids(queue) == [first, second]
    assert await _ids(queue) == [first, second]
    assert await _ids(queue, offset=first + 1) == [second]
    assert queue.confirmed == first
    assert await _ids(queue, offset=second + 1) == []


async def test_a_negative_offset_forgets_all_but_the_last(queue: UpdateQueue) -> None:
    ids = [queue.put_raw({}) for _ in range(5)]
    assert await _ids(queue, offset=-2) == ids[-2:]
    assert await _ids(queue) == ids[-2:]


async def test_one_poll_brings_no_more_than_a_hundred(queue: UpdateQueue) -> None:
    ids = [queue.put_raw({}) for _ in range(130)]
    assert await _ids(queue, limit=1000) == ids[:100]
    assert await _ids(queue, limit=3) == ids[:3]


async def test_a_waiting_poll_gets_an_update_at_once(queue: UpdateQueue) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        poll = group.create_task(queue.poll(0, 100, 50))
        await asyncio.sleep(0)
        update_id = queue.put("message", {"text": "x"})
    assert poll.result() == [{"update_id": update_id, "message": {"text": "x"}}]


async def test_a_second_waiting_poll_ends_the_first_with_409(queue: UpdateQueue) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(_refusal(queue))
        await asyncio.sleep(0)
        second = group.create_task(queue.poll(0, 100, 50))
        assert (await first).startswith("Conflict: terminated by other getUpdates request;")
        queue.put_raw({})
    assert len(second.result()) == 1


async def _refusal(queue: UpdateQueue) -> str:
    with pytest.raises(ApiError) as refusal:
        await queue.poll(0, 100, 50)
    assert refusal.value.code == 409
    return refusal.value.description


async def test_only_kinds_that_were_asked_for_are_queued(queue: UpdateQueue) -> None:
    assert queue.put("chat_member", {}) is None
    queue.allow(["message"])
    assert queue.put("callback_query", {}) is None
    queue.allow(None)
    assert queue.put("callback_query", {}) is None
    queue.allow([])
    assert queue.put("callback_query", {}) is not None
    with pytest.raises(ApiError, match="unknown update type"):
        queue.allow(["messages"])


async def test_a_forced_update_comes_once_even_if_it_was_confirmed(queue: UpdateQueue) -> None:
    update_id = queue.put_raw({"message": {}})
    assert await _ids(queue, offset=update_id + 1) == []
    queue.put_raw({"update_id": update_id, "message": {}}, forced=True)
    assert await _ids(queue, offset=update_id + 1) == [update_id]
    assert await _ids(queue, offset=update_id + 1) == []


async def test_polling_is_refused_while_a_web_hook_is_set(queue: UpdateQueue) -> None:
    queue.set_webhook("https://a.example/")
    assert "webhook is active" in await _refusal(queue)
