"""Mixed versions: what one version of a participant was called with, another one goes on with, on the same data.

| module | does |
| --- | --- |
| `deployed` | says which version is the other one, and makes it ready |
| `both` | brings the two together |
| `mixing` | says what is played, and who is to blame |
| `change` | plays histories over a change of versions |

Asked for by an option: it speaks of two versions, so that it is shown and never published, since a broker's results are of one.
"""

from saga_verifier.versions.both import Upgrade, mixed
from saga_verifier.versions.deployed import recognised

__all__ = ["Upgrade", "mixed", "recognised"]
