"""Traces by OpenTelemetry: a span for each request, its transactions and its statements, sent to a collector by OTLP over HTTP.

Off unless an address is given; the libraries (`sagapact[telemetry]`) are loaded only then. A trace that a client began goes on
here (`traceparent`). Spans are made here and not by OpenTelemetry's instrumentations: those write whole addresses with their
queries, do not know which route answers, and see no statement that goes to the driver at once. A span has the template of its
route and no name or query; statements are shown with placeholders.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saga_broker.telemetry.measures import template_of
from saga_contracts.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

SERVICE = "sagapact-broker"
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True)
class Tracing:
    """What makes spans, until it is closed."""

    provider: "TracerProvider"

    @property
    def tracer(self) -> "Tracer":
        """Give what the database's spans are made by."""
        return self.provider.get_tracer(SERVICE)

    @contextmanager
    def request(self, scope: Scope) -> "Iterator[Span]":
        """Make the span of a request, as part of the trace that its headers name."""
        from opentelemetry.propagate import extract  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {"http.request.method": scope["method"], "url.scheme": scope["scheme"]}
        with self.tracer.start_as_current_span(
            scope["method"], extract(headers), kind=SpanKind.SERVER, attributes=attributes, record_exception=False
        ) as span:
            yield span

    def close(self) -> None:
        """Send what was not sent yet."""
        self.provider.shutdown()


class Traced:
    """ASGI middleware that puts a span around each request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app, self._tracing = app, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; its span is named by its route once that is known."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._tracing.request(scope) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _tell(span, message["status"])
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                span.update_name(f"{scope['method']} {template_of(scope)}")
                span.set_attribute("http.route", template_of(scope))


def tracing_to(address: str) -> Tracing | None:
    """Begin to trace; None: nothing is traced.

    Args:
        address: Of the collector, such as `http://127.0.0.1:4318/v1/traces`; empty for none.

    Raises:
        UsageError: The libraries are not installed.
    """
    if not address:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        msg = "Cannot send traces: OpenTelemetry is not installed. Install 'sagapact[telemetry]', or leave --traces-endpoint out."
        raise UsageError(msg) from error
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE, "service.version": version("sagapact")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return Tracing(provider)


def _tell(span: "Span", status: int) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    span.set_attribute("http.response.status_code", status)
    if status >= _FIRST_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
