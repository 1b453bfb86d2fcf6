import pytest

from saga_contracts.declare import templates

CONTEXT = {"payload": {"user": "u-1", "nights": 2, "vip": True, "list": [1], "deep": {"er": "x"}}, "key": "s-1:book"}


def test_a_string_that_is_one_template_takes_the_values_own_type() -> None:
    assert templates.fill("{payload.nights}", CONTEXT) == 2
    assert templates.fill("{payload.vip}", CONTEXT) is True
    assert templates.fill("{payload.list}", CONTEXT) == [1]


def test_inside_other_text_a_value_is_written_out() -> None:
    assert templates.fill("/users/{payload.user}/n{payload.nights}", CONTEXT) == "/users/u-1/n2"


def test_templates_are_replaced_at_any_depth() -> None:
    filled = templates.fill({"a": [{"b": "{payload.deep.er}"}], "c": ("{key}",), "d": None, "e": 1.5}, CONTEXT)
    assert filled == {"a": [{"b": "x"}], "c": ["s-1:book"], "d": None, "e": 1.5}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{}}", "{}"),
        ("{{payload.user}}", "{payload.user}"),
        ("{{{key}}}", "{s-1:book}"),
        ("{Not One}", "{Not One}"),
        ("{}", "{}"),
    ],
)
def test_doubled_braces_stand_for_braces_and_other_braces_for_themselves(text: str, shown: str) -> None:
    assert templates.fill(text, CONTEXT) == shown


@pytest.mark.parametrize("text", ["{payload.city}", "{payload.user.name}", "{saga_id}", "at {payload.deep.other}"])
def test_a_template_without_a_value_is_an_error_that_names_it(text: str) -> None:
    name = next(templates.names_in(text))
    with pytest.raises(templates.TemplateError, match=name.replace(".", r"\.")):
        templates.fill(text, CONTEXT)


def test_names_are_found_in_order_in_all_strings_of_a_value() -> None:
    value = {"a": "{payload.user} {{no}} {key}", "b": ["{step}", 3, {"c": "{outputs.book.id}"}]}
    assert list(templates.names_in(value)) == ["payload.user", "key", "step", "outputs.book.id"]


def test_values_are_not_taken_for_templates_themselves() -> None:
    assert templates.fill("{payload.user}!", {"payload": {"user": "{key}"}}) == "{key}!"


def test_examples_stand_in_for_what_is_only_compared_by_type() -> None:
    declared = {"id": {"$like": "r-1"}, "all": [{"$like": {"n": {"$like": 1}}}], "not": {"$like": 1, "more": 2}}
    assert templates.examples(declared) == {"id": "r-1", "all": [{"n": 1}], "not": {"$like": 1, "more": 2}}
