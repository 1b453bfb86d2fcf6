"""Version, branch and build address of what is being built, from the CI's variables or from git.

What the caller names wins, then the CI's variables, then git. A detached head (the usual state in CI) has no branch in git, so
there the branch comes from the CI only. A shallow clone is enough: only the commit's id and the branch's name are read. In a
monorepo the version is the last commit that touched the given folder, so that unchanged services keep their version.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saga_contracts.errors import UsageError

GIT_TIMEOUT_S = 20

_COMMIT = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BITBUCKET_COMMIT",
    "BUILD_SOURCEVERSION",
    "CIRCLE_SHA1",
    "TRAVIS_COMMIT",
    "BUILDKITE_COMMIT",
    "DRONE_COMMIT_SHA",
    "GIT_COMMIT",
)
_BRANCH = (
    "GITHUB_HEAD_REF",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_BRANCH",
    "BITBUCKET_BRANCH",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",
    "BUILD_SOURCEBRANCH",
    "CIRCLE_BRANCH",
    "TRAVIS_PULL_REQUEST_BRANCH",
    "TRAVIS_BRANCH",
    "BUILDKITE_BRANCH",
    "DRONE_SOURCE_BRANCH",
    "CHANGE_BRANCH",
    "BRANCH_NAME",
    "GIT_BRANCH",
)
_URL = (
    "CI_JOB_URL",
    "CI_PIPELINE_URL",
    "CIRCLE_BUILD_URL",
    "TRAVIS_BUILD_WEB_URL",
    "BUILDKITE_BUILD_URL",
    "DRONE_BUILD_LINK",
    "BUILD_URL",
)


@dataclass(frozen=True, slots=True)
class Build:
    """What is being built.

    Attributes:
        version: Never empty.
        branch: None when it is not known.
        build_url: None when it is not known.
    """

    version: str
    branch: str | None
    build_url: str | None


def describe_build(
    version: str | None = None,
    branch: str | None = None,
    build_url: str | None = None,
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Build:
    """Find out version, branch and build address.

    Args:
        version: What the caller named; None: find it out.
        branch: As `version`.
        build_url: As `version`.
        folder: Where to ask git, and of which part of the repository; None: the current folder, the whole repository.
        environ: The environment; None: that of this process.

    Raises:
        UsageError: when no version can be found.
    """
    env = os.environ if environ is None else environ
    found = version or (_first(env, _COMMIT) if folder is None else None) or _commit(folder)
    if not found:
        raise UsageError(
            "Cannot tell the version: it is not named, no CI variable holds it, and this is no git repository. Name it."
        )
    return Build(
        found, branch or _branch(env) or _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD"), build_url or _build_url(env)
    )


def _commit(folder: Path | None) -> str | None:
    if folder is not None:
        return _git(folder, "log", "-1", "--format=%H", "--", ".") or _git(folder, "rev-parse", "HEAD")
    return _git(None, "rev-parse", "HEAD")


def _branch(env: Mapping[str, str]) -> str | None:
    if env.get("GITHUB_REF", "").startswith("refs/heads/") and not env.get("GITHUB_HEAD_REF"):
        return env["GITHUB_REF"].removeprefix("refs/heads/")
    name = _first(env, _BRANCH)
    return re.sub(r"^(?:refs/heads/|origin/)", "", name) if name else None


def _build_url(env: Mapping[str, str]) -> str | None:
    if env.get("GITHUB_SERVER_URL") and env.get("GITHUB_REPOSITORY") and env.get("GITHUB_RUN_ID"):
        return f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}"
    return _first(env, _URL)


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((env[name] for name in names if env.get(name)), None)


def _git(folder: Path | None, *words: str) -> str | None:
    """Ask git; None when there is no git, no repository, or no answer."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
