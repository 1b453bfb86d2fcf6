"""What the surroundings of a build know: version, branch and build URL, from the CI's variables or from git."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

VERSION_VARIABLES = (
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "BITBUCKET_COMMIT",
    "TRAVIS_COMMIT",
    "BUILD_SOURCEVERSION",
    "GIT_COMMIT",
)
BRANCH_VARIABLES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "BITBUCKET_BRANCH",
    "TRAVIS_BRANCH",
    "BUILD_SOURCEBRANCHNAME",
    "BRANCH_NAME",
    "GIT_BRANCH",
)
BUILD_URL_VARIABLES = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "TRAVIS_BUILD_WEB_URL", "BUILD_URL")


@dataclass(frozen=True, slots=True)
class Build:
    """What is known of a build; None for what is not."""

    version: str | None
    branch: str | None
    build_url: str | None


def this_build(environment: Mapping[str, str] | None = None) -> Build:
    """Find out version, branch and build URL of the build that runs.

    Args:
        environment: Variables; by default those of the process.
    """
    known = os.environ if environment is None else environment
    version = _first(known, VERSION_VARIABLES) or _git("rev-parse", "HEAD")
    branch = _first(known, BRANCH_VARIABLES) or _git("symbolic-ref", "--short", "-q", "HEAD")
    return Build(version, branch.removeprefix("origin/") if branch else None, _build_url(known))


def _build_url(known: Mapping[str, str]) -> str | None:
    parts = [known.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(parts):
        return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
    return _first(known, BUILD_URL_VARIABLES)


def _first(known: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((known[name] for name in names if known.get(name)), None)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
