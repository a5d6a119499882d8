"""How property tests run: the same examples every time, and no limit of time, which a busy machine would exceed.

`pytest --hypothesis-profile=default` looks for new examples.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("citerx", deadline=None, derandomize=True)
settings.load_profile("citerx")
