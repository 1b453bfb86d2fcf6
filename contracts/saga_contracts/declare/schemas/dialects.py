"""The dialects of JSON Schema that a payload's schema may be written in, and the documents that it may refer to (pure)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema.protocols
import jsonschema.validators
import referencing
import referencing.jsonschema
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

Registry = referencing.jsonschema.SchemaRegistry
DEFAULT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of a schema that names none."""
KNOWN = (
    DEFAULT,
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-04/schema",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect.

    Attributes:
        uri: The address of its meta schema, without a fragment.
        validator: The library's class for it.
        specification: How references and identifiers work in it.
    """

    uri: str
    validator: type[jsonschema.protocols.Validator]
    specification: referencing.Specification[Any]

    @property
    def siblings_count(self) -> bool:
        """Do words beside a `$ref` count? Until draft 7 they were ignored."""
        return "2019" in self.uri or "2020" in self.uri

    @property
    def id_keyword(self) -> str:
        """The word under which a schema tells its own address."""
        return "id" if self.uri.endswith("draft-04/schema") else "$id"


@lru_cache(maxsize=len(KNOWN))
def dialect(uri: str) -> Dialect:
    """Give a dialect by the address of its meta schema.

    Raises:
        KeyError: when there is none.
    """
    plain = uri.removesuffix("#")
    if plain not in KNOWN:
        raise KeyError(uri)
    validator = jsonschema.validators.validator_for({"$schema": plain})
    return Dialect(plain, validator, referencing.jsonschema.specification_with(plain))


@lru_cache(maxsize=1)
def known_documents() -> Registry:
    """Give the meta schemas. Nothing else is there, and nothing is ever fetched.

    They do not name their own dialect here: the library would leave the rules of `checking` for its own where a schema names one.
    """
    registry: Registry = referencing.Registry()
    for uri in REGISTRY:
        contents = dict(REGISTRY.contents(uri))
        specification = referencing.jsonschema.specification_with(contents.pop("$schema"))
        registry = registry.with_resource(uri, specification.create_resource(contents))
    return registry.crawl()
