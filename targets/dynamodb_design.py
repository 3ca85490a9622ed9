"""Design D1's calls: each operation as a conversation with DynamoDB, written once for both drivers.

A conversation is a generator: it yields the calls to make, is sent each answer (or thrown a `Conflict`), and
returns the Reply. It knows nothing of connections. What is chosen here, and what it costs:

- Reads of the table are consistent. The index cannot be: `ListChats` and the first step of `GetUserByEmail` are
  eventual.
- Append is a conditional Put, then an Update of the chat: two calls, not atomic. Only a chat's owner writes to it,
  so the Put of a chat that is gone is taken back when the Update finds nothing.
- Delete removes the chat first, so that one that is not the caller's is never touched, then its messages. Broken
  off half-way it leaves messages that no chat refers to.
- A chat's id is checked within its owner's partition only; ids of chats are random, as in the applications studied.
- Units are those DynamoDB returns, indexes included. It returns none with a failed condition, though AWS charges.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

from targets.dynamodb_items import (
    INDEX,
    Item,
    chat_item,
    chat_sort,
    email_key,
    instant,
    key,
    message_item,
    message_sort,
    messages_key,
    models_key,
    read_chat,
    read_message,
    read_model,
    read_role,
    read_user,
    role_key,
    sidebar_sort,
    user_key,
)
from targets.protocol import Conflict, Throttled, WrongAnswer
from workloads.operations import (
    PAGE_SIZE,
    AppendMessage,
    ChatSummary,
    CreateChat,
    DeleteChat,
    GetChat,
    GetRole,
    GetUser,
    GetUserByEmail,
    ListChats,
    ListModels,
    Message,
    Operation,
    ReadMessages,
    RenameChat,
    Reply,
)


class Call(NamedTuple):
    """One request of the API: an action such as `GetItem`, and its JSON body."""

    action: str
    body: Item


Conversation = Generator[Call, Item, Reply]
"""Yields calls, is sent answers, returns the operation's Reply."""

BATCH_SIZE = 25
"""Items in one `BatchWriteItem`, at most (API reference)."""

_RESENDS = 8  # rounds of UnprocessedItems before the operation counts as throttled


def units(answer: Item) -> float:
    """Capacity units of one answer, table and indexes together; raises KeyError when it names none."""
    consumed = answer["ConsumedCapacity"]
    if isinstance(consumed, list):  # BatchWriteItem: one entry a table
        return sum(float(entry["CapacityUnits"]) for entry in consumed)
    return float(consumed["CapacityUnits"])


class SingleTable:
    """The conversations of design D1 with one table; holds no state, so every connection may share it."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._conversations: Mapping[type, Callable[[Any], Conversation]] = {
            GetUser: self._get_user,
            GetUserByEmail: self._get_user_by_email,
            GetRole: self._get_role,
            ListModels: self._list_models,
            ListChats: self._list_chats,
            GetChat: self._get_chat,
            ReadMessages: self._read_messages,
            AppendMessage: self._append_message,
            CreateChat: self._create_chat,
            RenameChat: self._rename_chat,
            DeleteChat: self._delete_chat,
        }

    def converse(self, operation: Operation) -> Conversation:
        """The conversation for an operation; raises `WrongAnswer` when an answer lacks what was stored."""
        conversation = self._conversations[type(operation)](operation)
        try:
            return (yield from conversation)
        except (KeyError, ValueError) as error:
            raise WrongAnswer(f"the answer lacks or garbles {error}") from error

    def _get(self, item_key: Item) -> Call:
        body = {"TableName": self.table, "Key": item_key, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}
        return Call("GetItem", body)

    def _write(self, action: str, **body: Any) -> Call:
        return Call(action, {"TableName": self.table, "ReturnConsumedCapacity": "TOTAL", **body})

    def _query(self, partition: str, **more: Any) -> Call:
        body = {
            "TableName": self.table,
            "KeyConditionExpression": "PK = :p",
            "ExpressionAttributeValues": {":p": {"S": partition}},
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
            **more,
        }
        return Call("Query", body)

    def _query_index(self, partition: str, limit: int) -> Call:
        body = {
            "TableName": self.table,
            "IndexName": INDEX,
            "KeyConditionExpression": "GSI1PK = :p",
            "ExpressionAttributeValues": {":p": {"S": partition}},
            "ScanIndexForward": False,
            "Limit": limit,
            "ReturnConsumedCapacity": "TOTAL",
        }
        return Call("Query", body)

    def _pages(self, call: Call, limit: int | None = None) -> Generator[Call, Item, tuple[list[Item], float]]:
        """All items of a query, or the first `limit`: a page ends at 1 MB whatever the limit."""
        found: list[Item] = []
        read = 0.0
        while True:
            answer = yield call
            found += answer["Items"]
            read += units(answer)
            start = answer.get("LastEvaluatedKey")
            if start is None or (limit is not None and len(found) >= limit):
                return found, read
            more = {"ExclusiveStartKey": start} if limit is None else _rest(start, limit - len(found))
            call = Call("Query", {**call.body, **more})

    def _get_user(self, ask: GetUser) -> Conversation:
        answer = yield self._get(key(user_key(ask.tenant_id, ask.user_id), "PROFILE"))
        item = answer.get("Item")
        return Reply(None if item is None else read_user(ask.tenant_id, item), units(answer))

    def _get_user_by_email(self, ask: GetUserByEmail) -> Conversation:
        found = yield self._query_index(email_key(ask.tenant_id, ask.email), 1)
        if not found["Items"]:
            return Reply(None, units(found))
        entry = found["Items"][0]
        answer = yield self._get({"PK": entry["PK"], "SK": entry["SK"]})
        item = answer.get("Item")
        user = None if item is None else read_user(ask.tenant_id, item)
        return Reply(user, units(found) + units(answer))

    def _get_role(self, ask: GetRole) -> Conversation:
        answer = yield self._get(key(role_key(ask.tenant_id, ask.role_id), "META"))
        item = answer.get("Item")
        return Reply(None if item is None else read_role(ask.role_id, item), units(answer))

    def _list_models(self, ask: ListModels) -> Conversation:
        found, read = yield from self._pages(self._query(models_key(ask.tenant_id)))
        return Reply(tuple(map(read_model, found)), read)

    def _list_chats(self, ask: ListChats) -> Conversation:
        query = self._query_index(user_key(ask.tenant_id, ask.user_id), PAGE_SIZE)
        found, read = yield from self._pages(query, PAGE_SIZE)
        return Reply(tuple(map(read_chat, found)), read)

    def _get_chat(self, ask: GetChat) -> Conversation:
        answer = yield self._get(self._chat_key(ask))
        item = answer.get("Item")
        return Reply(None if item is None else read_chat(item), units(answer))

    def _read_messages(self, ask: ReadMessages) -> Conversation:
        partition = messages_key(ask.tenant_id, ask.chat_id)
        if ask.last is None:
            found, read = yield from self._pages(self._query(partition))
        elif ask.last < 1:  # DynamoDB refuses a limit of 0
            return Reply(())
        else:
            newest = self._query(partition, ScanIndexForward=False, Limit=ask.last)
            found, read = yield from self._pages(newest, ask.last)
            found.reverse()
        return Reply(tuple(map(read_message, found)), read)

    def _append_message(self, ask: AppendMessage) -> Conversation:
        message = Message(ask.position, ask.role, ask.content)
        item = message_item(ask.tenant_id, ask.chat_id, message, ask.at)
        put = self._write("PutItem", Item=item, ConditionExpression="attribute_not_exists(PK)")
        try:
            wrote = units((yield put))
        except Conflict:
            return (yield from self._explain_conflict(ask))
        try:
            return Reply(True, 0.0, wrote + units((yield self._touch(ask))))
        except Conflict:  # no such chat: nothing may stay behind
            orphan = key(item["PK"]["S"], item["SK"]["S"])
            return Reply(None, 0.0, wrote + units((yield self._write("DeleteItem", Key=orphan))))

    def _explain_conflict(self, ask: AppendMessage) -> Conversation:
        """A position is taken: a conflict in the caller's own chat, and none of their business in another's."""
        answer = yield self._get(self._chat_key(ask))
        if "Item" in answer:
            raise Conflict(f"position {message_sort(ask.position)} of chat {ask.chat_id} is taken")
        return Reply(None, units(answer))

    def _touch(self, ask: AppendMessage) -> Call:
        updated_at = instant(ask.at)
        return self._write(
            "UpdateItem",
            Key=self._chat_key(ask),
            UpdateExpression="SET updated_at = :u, GSI1SK = :s ADD message_count :one",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeValues={
                ":u": {"S": updated_at},
                ":s": {"S": sidebar_sort(updated_at, ask.chat_id)},
                ":one": {"N": "1"},
            },
        )

    def _create_chat(self, ask: CreateChat) -> Conversation:
        summary = ChatSummary(ask.chat_id, ask.title, ask.model_id, ask.at)
        item = chat_item(ask.tenant_id, ask.user_id, summary)
        answer = yield self._write("PutItem", Item=item, ConditionExpression="attribute_not_exists(PK)")
        return Reply(True, 0.0, units(answer))

    def _rename_chat(self, ask: RenameChat) -> Conversation:
        update = self._write(
            "UpdateItem",
            Key=self._chat_key(ask),
            UpdateExpression="SET title = :t",
            ConditionExpression="attribute_exists(PK)",
            ExpressionAttributeValues={":t": {"S": ask.title}},
        )
        try:
            return Reply(True, 0.0, units((yield update)))
        except Conflict:
            return Reply(None)

    def _delete_chat(self, ask: DeleteChat) -> Conversation:
        answer = yield self._write("DeleteItem", Key=self._chat_key(ask), ReturnValues="ALL_OLD")
        wrote = units(answer)
        if not answer.get("Attributes"):
            return Reply(None, 0.0, wrote)
        keys = self._query(messages_key(ask.tenant_id, ask.chat_id), ProjectionExpression="PK, SK")
        found, read = yield from self._pages(keys)
        for first in range(0, len(found), BATCH_SIZE):
            wrote += yield from self._delete_batch(found[first : first + BATCH_SIZE])
        return Reply(True, read, wrote)

    def _delete_batch(self, keys: list[Item]) -> Generator[Call, Item, float]:
        """Delete at most 25 items; what the server leaves undone is sent again, as the API asks."""
        waiting: Item = {self.table: [{"DeleteRequest": {"Key": item_key}} for item_key in keys]}
        wrote = 0.0
        for _ in range(_RESENDS):
            answer = yield Call("BatchWriteItem", {"RequestItems": waiting, "ReturnConsumedCapacity": "TOTAL"})
            wrote += units(answer)
            waiting = answer["UnprocessedItems"]
            if not waiting:
                return wrote
        raise Throttled(f"items were left unprocessed {_RESENDS} times")

    def _chat_key(self, ask: GetChat | AppendMessage | RenameChat | DeleteChat) -> Item:
        return key(user_key(ask.tenant_id, ask.user_id), chat_sort(ask.chat_id))


def _rest(start: Item, missing: int) -> Item:
    return {"ExclusiveStartKey": start, "Limit": missing}
