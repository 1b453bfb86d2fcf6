"""What the participant itself calls: other services that the harness plays, so that they can fail at any call (O35).

    depends:
      - name: payments
        env: PAYMENTS_URL                    # is told where the harness plays it
        replies:                             # or `pact: payments.json`, a pact file of which the participant is the consumer
          - {method: POST, path: /payments, status: 201, body: {id: p-1}, does: payment, once_per: header.Idempotency-Key}
          - {method: POST, path: "/payments/{id}/refund", does: refund, status: 200}

`depends: []` says that there is none. The first reply is given that fits method and path; in a path `{name}` stands for one part.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from saga_contracts.declare.saga import Json, Model
from saga_verifier.provider_file.fields import EnvName, HeaderName, HeaderText, UrlPath, Word

ONE_CONTRACT = "Write either `replies` or `pact`."

Method = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,20}$")]
Place = Annotated[str, StringConstraints(pattern=r"^(path|header\.[!-~]+|query\.[!-~]+|body\.[!-~]+)$", max_length=200)]


class DependedReply(Model):
    """One reply of a service that the participant calls."""

    method: Method = "GET"
    path: UrlPath
    status: Annotated[int, Field(ge=200, le=599)] = 200
    headers: dict[HeaderName, HeaderText] = Field(default={})
    body: Json = None
    does: Word | None = None
    """The name of the effect that the call has there, such as `payment`; null: none."""
    undoes: Word | None = None
    """The effect that the call takes back."""
    once_per: Place | None = None
    """Where the value stands under which the service takes a repeated call for the same: `header.NAME`, `body.NAME`, `query.NAME`
    or `path`; null: each call has its effect."""
    after: Word | None = None
    """The reply is given only while there is this effect, as a look-up finds what was made before."""


class Depended(Model):
    """One service that the participant calls."""

    name: Word
    env: EnvName
    """The variable that tells the participant its address."""
    replies: Annotated[tuple[DependedReply, ...], Field(min_length=1, max_length=200)] | None = None
    pact: Word | None = None
    """Path of a pact file, relative to the provider file."""

    @model_validator(mode="after")
    def _one_contract(self) -> Self:
        if (self.replies is None) == (self.pact is None):
            raise ValueError(ONE_CONTRACT)
        return self
