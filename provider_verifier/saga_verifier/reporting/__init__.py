"""What a verification tells: on the screen, and in files of several formats, all drawn from one view of what was found.

| module | gives |
| --- | --- |
| `view` | the one value that all formats draw |
| `screen`, `documents`, `junit`, `page` | it as text, JSON, JUnit XML, an HTML page |
| `github`, `gitlab` | it as these show it beside a change |
| `options`, `telling`, `files` | what was asked for, told as it comes, and written whole or not at all |
"""

from saga_verifier.reporting.documents import all_as_json, as_json
from saga_verifier.reporting.screen import lines
from saga_verifier.reporting.view import Asked

__all__ = ["Asked", "all_as_json", "as_json", "lines"]
