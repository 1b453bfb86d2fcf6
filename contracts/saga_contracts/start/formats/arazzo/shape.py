"""What stands in an Arazzo document (1.0, 1.1), as far as a saga needs it, and which of its steps follow one another (pure)."""

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic import Field as Named

from saga_contracts.errors import UsageError


def document(content: dict[str, Any], source: str) -> "Document":
    """Give the document.

    Raises:
        UsageError: when it is no Arazzo document.
    """
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"])
        raise UsageError(f"{source} is no Arazzo document: {where}: {first['msg']}. Mend it, or name another kind.") from None


def chosen(document: "Document", part: str | None, source: str) -> "Workflow":
    """Give the workflow that was asked for, or the only one that no failure leads to.

    Raises:
        UsageError: when there are others, or nobody said which.
    """
    after_failure = {
        action.workflow for one in document.workflows for step in one.steps for action in (*step.failure, *one.failure)
    }
    able = [one for one in document.workflows if one.id == part or (part is None and one.id not in after_failure)]
    if len(able) == 1:
        return able[0]
    names = ", ".join(one.id for one in document.workflows[:40])
    raise UsageError(f"Which workflow of {source} is the saga? Name one by --process. It has: {names}.")


def path(workflow: "Workflow", start: str) -> list["Step"]:
    """Give the steps from one on, as they follow one another when all goes well."""
    by_id, ids, found = {one.id: one for one in workflow.steps}, [one.id for one in workflow.steps], list[Step]()
    current: str | None = start
    while current in by_id and by_id[current] not in found:
        step = by_id[current]
        found.append(step)
        action = next((one for one in step.success if one.type in ("goto", "end") and not one.criteria), None)
        following = ids[ids.index(current) + 1 : ids.index(current) + 2]
        current = action.step if action is not None else next(iter(following), None)
    return found


class Reusable(BaseModel):
    """What may stand among the components instead of here."""

    reference: str | None = None


class Parameter(Reusable):
    """A value that is sent, and where."""

    name: str = ""
    place: str | None = Named(default=None, alias="in")
    value: Any = None


class Body(BaseModel):
    """The body that is sent."""

    payload: Any = None
    replacements: list[Any] = []


class Action(Reusable):
    """What is done after a success or a failure."""

    name: str = ""
    type: str = ""
    step: str | None = Named(default=None, alias="stepId")
    workflow: str | None = Named(default=None, alias="workflowId")
    limit: int | None = Named(default=None, alias="retryLimit")
    criteria: list[Any] = []


class Criterion(BaseModel):
    """A condition of success."""

    condition: str = ""


class Step(BaseModel):
    """One step: its operation or workflow, what is sent, and what follows."""

    id: str = Named(alias="stepId")
    description: str = ""
    operation: str | None = Named(default=None, alias="operationId")
    path: str | None = Named(default=None, alias="operationPath")
    workflow: str | None = Named(default=None, alias="workflowId")
    parameters: list[Parameter] = []
    body: Body | None = Named(default=None, alias="requestBody")
    criteria: list[Criterion] = Named(default=[], alias="successCriteria")
    success: list[Action] = Named(default=[], alias="onSuccess")
    failure: list[Action] = Named(default=[], alias="onFailure")
    outputs: dict[str, Any] = {}


class Workflow(BaseModel):
    """Steps in their order, and what they are started with."""

    id: str = Named(alias="workflowId")
    summary: str = ""
    inputs: dict[str, Any] = {}
    parameters: list[Parameter] = []
    steps: list[Step]
    failure: list[Action] = Named(default=[], alias="failureActions")
    outputs: dict[str, Any] = {}


class Source(BaseModel):
    """A document that the operations stand in."""

    name: str
    url: str
    type: str = "openapi"


class Components(BaseModel):
    """What several steps share."""

    inputs: dict[str, Any] = {}
    parameters: dict[str, Parameter] = {}
    failures: dict[str, Action] = Named(default={}, alias="failureActions")


class Document(BaseModel):
    """The whole document."""

    arazzo: str
    sources: list[Source] = Named(alias="sourceDescriptions")
    workflows: list[Workflow]
    components: Components = Components()
