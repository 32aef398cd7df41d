"""One request and its answer: reads the body, asks whether it may, lets threads run the application, passes on bytes.

Every method runs in the event loop, except those that say that a thread calls them.
"""

import io
import time
from asyncio import TimerHandle

from service.front.answers import Answer, ask
from service.front.bodies import Body
from service.front.environ import CLIENT, WHOLE_AT, Admission, Client, Environ
from service.front.limits import MAX_QUEUED, SMALL_BODY, UNASKED_BYTES
from service.front.refusals import Refused
from service.front.shared import Shared
from service.front.wire import Wire

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """A request from the end of its headers to the end of its answer."""

    def __init__(
        self, connection: "Wire[Exchange]", shared: Shared, environ: Environ, length: int | None, keep_alive: bool
    ) -> None:
        self._connection = connection
        self._shared = shared
        self.environ = environ
        self.client = Client()
        environ[CLIENT] = self.client
        self._length = length
        self._keep_alive = keep_alive
        self._expects = environ.pop("HTTP_EXPECT", None) is not None
        self._most = SMALL_BODY if length is None else max(length, SMALL_BODY)
        self._may_read = length is not None and length <= SMALL_BODY
        self._is_asking = False
        self._has_begun = False
        self.body = None if length == 0 else Body(self._shared.spools, self._shared.post, self._written)
        self.is_whole = False
        self.is_answering = False
        self._is_over = False
        self._answer: Answer | None = None
        self._in_thread = False
        self._wake_early = False
        self._timer: TimerHandle | None = None

    # --- the body

    def begin(self) -> None:
        """Start the request when those before it on the connection are answered."""
        self._has_begun = True
        body = self.body
        if body is not None and not self._may_read:
            if self._length is not None or self._expects or body.size > SMALL_BODY:
                self._ask()
        elif body is not None and self._expects and not body.size:
            self._connection.write(CONTINUE)
        self._go_on()

    def feed(self, data: bytes) -> None:
        """Take bytes of the body; raise `Refused` for too many."""
        body = self.body
        assert body is not None
        body.add(data)
        if not self._may_read:
            if self._has_begun and body.size > SMALL_BODY:
                self._ask()
            if body.size > UNASKED_BYTES:
                self._connection.hold("admission")
            return
        self._check_size()
        body.spill()
        if body.is_ahead:
            self._connection.hold("spool")

    def end_of_body(self) -> None:
        """Take the end of the body, after its last bytes."""
        self.is_whole = True
        if self._has_begun:
            self._go_on()

    def cut_off(self) -> Refused:
        """Return the refusal for a body whose sender has ended the connection before it was whole."""
        size = 0 if self.body is None else self.body.size
        what = "its last chunk" if self._length is None else f"the {self._length:,} bytes of its Content-Length"
        return Refused(400, f"the body is cut off: it ended after {size:,} bytes, before {what}; nothing was stored")

    def _check_size(self) -> None:
        size = self._length or (self.body.size if self.body is not None else 0)
        if self._may_read and size > self._most:
            raise Refused(413, f"the body is larger than {self._most:,} bytes")

    def _ask(self) -> None:
        if self._is_asking:
            return
        self._is_asking = True
        environ = {**self.environ, "CONTENT_LENGTH": "" if self._length is None else str(self._length)}

        def run() -> None:  # a thread
            admission, data = ask(self._shared.application, environ, self._shared.date)
            self._shared.post(self._asked, admission, data)

        self._shared.threads.put(run)

    def _asked(self, admission: Admission, data: bytes) -> None:
        if self._is_over:
            return
        if admission.most_bytes is None:
            self._connection.end_with(data)
            return
        self._may_read, self._most = True, admission.most_bytes
        assert self.body is not None
        self.body.restart_clock()
        try:
            self._check_size()
            self.body.spill()
        except Refused as refused:
            self._connection.refuse(refused, self)
            return
        if self._expects and not self.body.size:
            self._connection.write(CONTINUE)
        self._connection.release("admission")
        self._go_on()

    def _written(self, refused: Refused | None) -> None:
        assert self.body is not None
        if refused is None:
            try:
                self.body.spill(self.is_whole)
            except Refused as error:
                refused = error
        if refused is not None:
            self._connection.refuse(refused, self)
            return
        if not self.body.is_ahead:
            self._connection.release("spool")
            self.body.restart_clock()
        self._go_on()

    def _go_on(self) -> None:
        """Hand the request to a thread once its body is whole, in memory or in its file."""
        if not self.is_whole or self.is_answering or self._is_over:
            return
        body = self.body
        if body is not None:
            if self._is_asking and not self._may_read:
                return
            try:
                body.spill(whole=True)
            except Refused as refused:
                self._connection.refuse(refused, self)
                return
            if body.writing:
                return
        threads = self._shared.threads_for(self.environ["PATH_INFO"])
        if threads.waiting() > MAX_QUEUED:
            self._connection.refuse(Refused(503, "too many requests are waiting"), self)
            return
        self.is_answering = True
        if body is None:
            self.environ["wsgi.input"] = io.BytesIO()
        else:
            self.environ["CONTENT_LENGTH"] = str(body.size)
        self._in_thread = True
        self.environ[WHOLE_AT] = time.monotonic()
        threads.put(self._start)

    def check(self, now: float) -> None:
        """Raise `Refused` for a body that comes too slowly."""
        if self.body is not None and not self.is_whole and not self._connection.is_held:
            self.body.check_pace(now)

    # --- the answer

    def _start(self) -> None:  # a thread
        answer = Answer(
            self._shared.application,
            self.environ,
            self._keep_alive and not self._shared.is_stopping,
            self._shared.date,
        )
        self._answer = answer
        self._pass_on(answer, answer.start(self.body))

    def _step(self) -> None:  # a thread
        assert self._answer is not None
        is_left = self.client.gone and self._answer.held is not None
        self._pass_on(self._answer, self._answer.end_of_held() if is_left else self._answer.step())

    def _pass_on(self, answer: Answer, data: bytes) -> None:  # a thread
        if not data and not answer.is_over and answer.held is not None:
            seconds = answer.seconds_to_wait(self._wake_soon)
            if seconds is not None:
                self._shared.post(self._rest, seconds)
                return
        self._shared.post(self._stepped, data)

    def _wake_soon(self) -> None:  # a thread
        self._shared.post(self._woken)

    def _woken(self) -> None:
        """Write what an answer that waits has in memory, without a thread, and let it go on waiting."""
        answer = self._answer
        if answer is not None and self._timer is not None and not (self.client.gone or self._connection.is_full):
            data = answer.at_once()
            if data is not None:
                if data:
                    self._connection.write(data)
                return
        self._wake()

    def _stepped(self, data: bytes) -> None:
        answer = self._answer
        assert answer is not None
        self._in_thread = False
        if self._is_over:
            self._abandon()
            return
        if data:
            self._connection.write(data)
        if answer.is_broken:
            self._connection.abort()
        elif answer.is_over:
            self._finish()
            self._connection.answered(answer.keep_alive)
        elif not self._connection.is_full:
            self._next_step()

    def _next_step(self) -> None:
        self._in_thread = True
        self._shared.stream_threads.put(self._step)

    def go_on_writing(self) -> None:
        """Continue an answer that waited for its client to read."""
        if self._answer is not None and not self._in_thread and not self._is_over and self._timer is None:
            self._next_step()

    def _rest(self, seconds: float) -> None:
        """Let no thread wait for an answer that has no bytes now."""
        self._in_thread = False
        if self._is_over:
            self._abandon()
        elif self._wake_early or self.client.gone:
            self._wake_early = False
            self._next_step()
        else:
            self._timer = self._shared.loop.call_later(seconds, self._wake)

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            if not self._connection.is_full:
                self._next_step()
        else:
            self._wake_early = self._in_thread

    def leave(self) -> None:
        """Mark the client as gone, as it is or should be; an answer that waits for it ends."""
        self.client.gone = True
        if self._timer is not None:
            self._wake()

    def drop(self) -> None:
        """End the exchange, as its connection has ended or was refused."""
        self.client.gone = True
        if self._is_over:
            return
        self._finish()
        if self._answer is not None and not self._in_thread:
            self._abandon()

    def _finish(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.body is not None and not self._in_thread:
            self.body.close()

    def _abandon(self) -> None:
        """Close what the application still has open, which may take a while, in a thread."""
        if self.body is not None:
            self.body.close()
        if self._answer is not None and not self._answer.is_over:
            self._shared.stream_threads.put(self._answer.end)
