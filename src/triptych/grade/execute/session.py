"""The grader's side of the connection to the agent: requests of a test cell, and callbacks of the student's code."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from triptych.grade.execute.clock import fair_time
from triptych.grade.execute.errors import BUILTIN_ERRORS, MESSAGE_CHARACTERS, StudentError, TestAborted, student_error
from triptych.grade.execute.kernel import SETTLE_SECONDS
from triptych.grade.execute.proxy import RemoteProxy, number_of
from triptych.grade.execute.values import FromSandbox, SetupNames, encodable, overwrite
from triptych.grade.guest import codec
from triptych.grade.guest.codec import (
    Bounds,
    Connection,
    ConnectionClosed,
    Decoder,
    Encoder,
    NotSerializable,
    ProtocolError,
)
from triptych.grade.sandbox.limits import Limits

KEPT_ERRORS = 100
KEPT_REPLIES = 256


class _Results:
    """Mutable results by number. The student's code may change them later, so the newest are kept for updates.

    Args:
        limit_bytes: the total size of the replies whose results are kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.objects: dict[int, Any] = {}
        self.count = 0
        self._limit_bytes = limit_bytes
        self._size = 0
        self._replies: deque[tuple[int, int]] = deque()  # the count after each reply, and its size

    def add(self, objects: list[Any], size: int) -> None:
        """Adds the mutable objects of a reply of `size` bytes, and drops those of the oldest replies."""
        self.objects.update(enumerate(objects, self.count))
        self.count += len(objects)
        self._replies.append((self.count, size))
        self._size += size
        while len(self._replies) > KEPT_REPLIES or self._size > self._limit_bytes:
            end, size = self._replies.popleft()
            self._size -= size
            for number in range(next(iter(self.objects), end), end):
                del self.objects[number]


class _CurrentTest:
    """What one test cell has sent and received.

    Args:
        number: the test cell's number in its session.
        end: when it must have ended, in seconds of `fair_time`.
        limit_bytes: the total size of results that are kept for updates.
    """

    def __init__(self, number: int, end: float, limit_bytes: int) -> None:
        self.number = number
        self.end = end
        self.call_end = end
        self.aborted: TestAborted | None = None
        self.unanswered = 0
        self.callbacks = 0
        self.received_bytes = 0
        self.raised: dict[int, Exception] = {}
        self.results = _Results(limit_bytes)
        self._functions: list[Callable[..., Any]] = []
        self._function_numbers: dict[int, int] = {}
        self._proxies: dict[int, RemoteProxy] = {}

    def function_number(self, function: Callable[..., Any]) -> int:
        """The number under which the sandbox may call a function of the test."""
        if id(function) not in self._function_numbers:
            self._function_numbers[id(function)] = len(self._functions)
            self._functions.append(function)
        return self._function_numbers[id(function)]

    def function(self, number: int) -> Callable[..., Any]:
        _require(0 <= number < len(self._functions), "The message refers to a function that does not exist.")
        return self._functions[number]

    def proxy(self, session: ProxySession, number: int) -> RemoteProxy:
        """The proxy of an object, always the same one."""
        if number not in self._proxies:
            self._proxies[number] = RemoteProxy(session, number)
        return self._proxies[number]

    def keep_error(self, error: Exception) -> tuple[str, str, int]:
        """What the sandbox learns of an exception in a callback. If it comes back, the original is raised."""
        traceback.clear_frames(error.__traceback__)  # their arguments may be as large as a message
        self.raised[self.callbacks] = error
        if len(self.raised) > KEPT_ERRORS:
            del self.raised[next(iter(self.raised))]
        builtin = next(base.__name__ for base in type(error).__mro__ if base.__name__ in BUILTIN_ERRORS)
        return builtin, str(error)[:MESSAGE_CHARACTERS], self.callbacks


class ProxySession:
    """The connection to the agent of one kernel, for one test cell at a time.

    Args:
        connection: the kernel's connection.
        setup: the namespace of the setup cells on the grader's side.
        limits: the limits on the submission.
        end: when the notebook must have ended, in seconds of `fair_time`.
        shared: ids of objects that other submissions use as well, and that the student's code must not change.
    """

    def __init__(
        self,
        connection: Connection,
        setup: Mapping[str, Any],
        limits: Limits,
        end: float = float("inf"),
        shared: frozenset[int] = frozenset(),
    ) -> None:
        self.limits = limits
        self.bounds = Bounds(size=limits.message_bytes, depth=limits.message_depth)
        self._connection = connection
        self._setup = SetupNames(setup)
        self._notebook_end = end
        self._shared = shared
        self._request_number = 0
        self._test = self._new_test(0)

    def _new_test(self, number: int) -> _CurrentTest:
        end = min(fair_time() + self.limits.test_seconds, self._notebook_end)
        return _CurrentTest(number, end, self.bounds.size)

    # --- a test's beginning and end --------------------------------------------------------------

    def begin(self) -> int:
        """Begins a test; nothing of earlier ones remains. Returns the number that the agent is to serve."""
        self._test = self._new_test(self._test.number + 1)
        return self._test.number

    def wait_ready(self) -> None:
        """Waits until the agent serves this test. Raises TestAborted."""
        end = min(fair_time() + self.limits.call_seconds, self._test.end)
        self._or_abort(self._skip_to, codec.READY, end)

    def finish(self) -> bool:
        """Ends the test in the sandbox.

        Returns:
            Whether the kernel can be used further: the agent confirmed the end within SETTLE_SECONDS.
        """
        self._test.results.objects.clear()
        if self.aborted is not None and self.aborted.kernel_lost:
            return False
        end = fair_time() + SETTLE_SECONDS
        try:
            self._connection.send(codec.END, self._test.number, b"", self._waiter(end))
            self._skip_to(codec.ENDED, end)
        except (TestAborted, ProtocolError, ConnectionClosed, MemoryError):
            return False
        return True

    def _skip_to(self, kind: bytes, end: float) -> None:
        """Waits for a frame; frames that an interrupted test left on the way are ignored."""
        wait = self._waiter(end)
        while True:
            received, number, _ = self._connection.receive(wait)
            if received == kind and number == self._test.number:
                return
            wait()

    # --- ending a test early ---------------------------------------------------------------------

    @property
    def aborted(self) -> TestAborted | None:
        """Why the current test cannot go on; None while it can."""
        return self._test.aborted

    @property
    def busy(self) -> bool:
        """Whether the sandbox still works on a request of the current test."""
        return self._test.unanswered > 0

    def abort(self, reason: TestAborted) -> TestAborted:
        """Ends the current test. Returns the first reason that it was ended for, to be raised."""
        self._test.aborted = self._test.aborted or reason
        return self._test.aborted

    def check(self) -> None:
        """Raises TestAborted if the test was aborted or its time is over."""
        if self.aborted is not None:
            raise self.aborted
        if fair_time() > self._test.end:
            raise self.abort(TestAborted(self._time_over()))

    def _or_abort(self, action: Callable[..., Any], *args: Any) -> Any:
        """Calls `action`; a late, invalid or missing reply aborts the test."""
        try:
            return action(*args)
        except TestAborted as error:
            raise self.abort(error) from None
        except ProtocolError as error:
            raise self.abort(TestAborted(f"The submission's reply is invalid. {error}")) from None
        except ConnectionClosed:
            message = "Python ended while this test ran: did it crash or call exit()?"
            raise self.abort(TestAborted(message, kernel_lost=True)) from None

    def _waiter(self, end: float) -> Callable[[], None]:
        """A function that raises TestAborted once it is `end`."""

        def wait() -> None:
            if fair_time() <= end:
                return
            if end >= self._test.end:
                raise TestAborted(self._time_over())
            raise TestAborted(
                f"The code did not finish within {self.limits.call_seconds:g} s: does a loop or recursion have no end?"
            )

        return wait

    def _time_over(self) -> str:
        if self._test.end >= self._notebook_end:
            return f"The notebook as a whole took longer than {self.limits.notebook_seconds:g} s."
        return f"This test did not finish within {self.limits.test_seconds:g} s."

    # --- requests --------------------------------------------------------------------------------

    def request(self, operation: str, *operands: Any) -> Any:
        """The result of an operation in the sandbox.

        Args:
            operation: a key of the table of operations in `guest.agent`.
            operands: proxies, plain data, functions of the test, and what setup cells define.

        Raises:
            StudentError: the student's code raised an exception.
            NotSerializable: an operand cannot be sent.
            TestAborted: there is no valid reply in time.
        """
        self.check()
        encoder = Encoder(self._encodable, naming=True, bounds=self.bounds)
        body = encoder.encode((operation, operands))
        return self._or_abort(self._exchange, body, encoder.mutable)

    def _exchange(self, body: bytes, arguments: list[Any]) -> Any:
        self._request_number = self._request_number + 1 & 0xFFFFFFFF
        number, test = self._request_number, self._test
        end = min(fair_time() + self.limits.call_seconds, test.call_end)
        wait = self._waiter(end)
        test.unanswered += 1
        self._connection.send(codec.REQUEST, number, body, wait)
        kind, answered, data = self._receive(wait)
        while kind == codec.CALL:
            self._call_back(answered, data, end)
            wait()
            kind, answered, data = self._receive(wait)
        test.unanswered -= 1
        _require(answered == number, "The reply belongs to another request.")
        return self._result(kind, data, arguments, wait)

    def _receive(self, wait: Callable[[], None]) -> tuple[bytes, int, bytes]:
        frame = self._connection.receive(wait)
        self._test.received_bytes += len(frame[2])
        if self._test.received_bytes > self.limits.received_bytes:
            megabytes = self.limits.received_bytes // 10**6
            raise TestAborted(f"The code returned more than {megabytes} MB in one test.")
        return frame

    def _result(self, kind: bytes, data: bytes, arguments: list[Any], wait: Callable[[], None]) -> Any:
        """The content of a reply, after changes to `arguments` and to earlier results were applied."""

        def argument(number: int) -> Any:
            _require(number < len(arguments), "The reply refers to an argument that does not exist.")
            return arguments[number]

        decoder = self._decoder(wait, {codec.ARGUMENT: argument}, counting=True)
        reply = decoder.decode(data)
        _require(type(reply) is tuple and len(reply) == {codec.ANSWER: 3, codec.ERROR: 7}.get(kind))
        *content, argument_changes, result_changes = reply
        results = self._test.results
        self._apply(argument_changes, dict(enumerate(arguments)))
        self._apply(result_changes, results.objects, dropped=results.count)
        results.add(decoder.mutable, len(data))
        if kind == codec.ERROR:
            raise self._error(*content)
        return content[0]

    def _apply(self, changes: Any, targets: Mapping[int, Any], dropped: int = 0) -> None:
        """Writes the changes that the student's code made to arrays, lists, dicts and sets of the test.

        Args:
            changes: pairs of a target's number and its new content.
            targets: the objects by number.
            dropped: targets with smaller numbers may be missing.
        """
        _require(type(changes) is tuple)
        for change in changes:
            _require(type(change) is tuple and len(change) == 2 and type(change[0]) is int)
            number, content = change
            if number not in targets:
                _require(0 <= number < dropped, "The reply changes an object that does not exist.")
                continue
            if id(targets[number]) in self._shared:
                raise TestAborted("The code changed data of the course that it was given and that it must not change.")
            try:
                overwrite(targets[number], content)
            except (TypeError, ValueError):
                raise ProtocolError("The reply changes an object in an impossible way.") from None

    def _error(self, name: Any, bases: Any, message: Any, lines: Any, raised: Any) -> Exception:
        _require(type(bases) is tuple and type(lines) is tuple and type(raised) is int)
        _require(all(isinstance(text, str) for text in (name, message, *bases, *lines)))
        # A function of the test raised it, and the student's code let it pass.
        original = self._test.raised.get(raised)
        return original if original is not None else student_error(name, bases, message, lines)

    # --- callbacks -------------------------------------------------------------------------------

    def _call_back(self, call: int, data: bytes, end: float) -> None:
        """Serves a call of the student's code to a function of the test."""
        test = self._test
        message = self._decoder(self._waiter(end)).decode(data)
        _require(type(message) is tuple and len(message) == 3, "Malformed call.")
        number, args, kwargs = message
        _require(type(number) is int and type(args) is tuple and type(kwargs) is dict, "Malformed call.")
        _require(all(isinstance(key, str) for key in kwargs), "Malformed call.")
        function = test.function(number)
        test.callbacks += 1
        if test.callbacks > self.limits.callbacks:
            raise TestAborted(f"The function given was called more than {self.limits.callbacks:,} times.")
        outer_end, test.call_end = test.call_end, end
        try:
            kind, body = codec.ANSWER, self._encode(function(*args, **kwargs))
        except Exception as error:
            kind, body = codec.ERROR, self._encode(test.keep_error(error))
        finally:
            test.call_end = outer_end
        self._connection.send(kind, call, body, self._waiter(end))

    # --- values ----------------------------------------------------------------------------------

    def _encode(self, value: Any) -> bytes:
        return Encoder(self._encodable, bounds=self.bounds).encode(value)

    def _encodable(self, value: Any) -> tuple[bytes, Any]:
        if type(value) is RemoteProxy:
            return codec.HANDLE, number_of(value)
        encoded = encodable(value, self._setup)
        if encoded is not None:
            return encoded
        if callable(value):
            return codec.CALLBACK, self._test.function_number(value)
        raise NotSerializable(
            f"A test passes a value of type {type(value).__name__}: "
            "pass plain data, functions, or objects that setup cells define."
        )

    def _decoder(
        self,
        wait: Callable[[], None],
        special: Mapping[bytes, Callable[[Any], Any]] | None = None,
        *,
        counting: bool = False,
    ) -> Decoder:
        test = self._test
        handlers = {
            codec.HANDLE: lambda number: test.proxy(self, number),
            codec.CALLBACK: test.function,
            **(special or {}),
        }
        return Decoder(handlers, counting=counting, bounds=self.bounds, tick=wait, text=FromSandbox)


def _require(condition: bool, message: str = "Malformed reply.") -> None:
    if not condition:
        raise ProtocolError(message)


__all__ = ["SETTLE_SECONDS", "ProxySession", "StudentError", "TestAborted"]
