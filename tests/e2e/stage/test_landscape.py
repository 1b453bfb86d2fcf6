import shutil
from pathlib import Path

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.errors import UsageError
from saga_e2e.stage.landscape import Landscape, landscape_in, needed, reference_landscape

ALL = ("saga_service", "billing", "user_service", "vas_packages", "notifications", "vas_owner")


def test_the_reference_landscape_has_every_service_of_its_saga() -> None:
    land = reference_landscape()

    saga = land.saga()

    assert saga.saga == "vas_purchase"
    assert needed(saga) == ALL
    assert {name: file.provider for name, file in land.services(saga).items()} == {name: name for name in ALL}


def test_the_landscape_is_found_as_an_installed_package_lays_it_out(tmp_path: Path) -> None:
    checkout = Path(__file__).parents[3]
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(checkout / "contracts" / "sagas", tmp_path / "sagas", ignore=ignore)
    shutil.copytree(checkout / "e2e" / "participants", tmp_path / "participants", ignore=ignore)
    shutil.copytree(checkout / "e2e" / "saga_service", tmp_path / "saga_service", ignore=ignore)

    land = landscape_in(tmp_path / "sagas", tmp_path)

    for name, file in land.services(land.saga()).items():
        cwd = file.spec().cwd
        assert cwd is not None
        assert Path(cwd).is_relative_to(tmp_path), name
        assert (Path(cwd) / "participants").is_dir(), name


def test_an_unknown_saga_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"no saga vas_purchases\. Known: .*vas_purchase"):
        reference_landscape().saga("vas_purchases")


def test_a_service_without_a_provider_file_is_named(vas_purchase: Saga) -> None:
    land = reference_landscape()
    without = {name: file for name, file in land.providers.items() if name not in ("billing", "vas_owner")}

    with pytest.raises(UsageError, match="no provider file of billing, vas_owner"):
        Landscape(land.sagas, without).services(vas_purchase)


def test_an_empty_folder_is_no_landscape(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not complete: 0 sagas"):
        landscape_in(tmp_path, tmp_path)


def test_folders_may_be_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = reference_landscape()
    services = reference.providers["billing"]
    assert isinstance(services, Path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "participants").symlink_to(services.parents[1])
    (tmp_path / "mine" / "sagas").symlink_to(reference.sagas["vas_purchase"].parents[1])
    monkeypatch.chdir(tmp_path)
    land = landscape_in(Path("mine/sagas"), Path("mine"))
    for name, service in land.services(land.saga()).items():
        spec = service.spec()
        assert spec.cwd is not None, name
        assert Path(spec.cwd).is_absolute(), name


def test_without_a_saga_service_of_its_own_a_landscape_has_the_reference_one(tmp_path: Path) -> None:
    reference = reference_landscape()
    billing = reference.providers["billing"]
    assert isinstance(billing, Path)
    (tmp_path / "participants").symlink_to(billing.parents[1])
    land = landscape_in(reference.sagas["vas_purchase"].parents[1], tmp_path)
    assert land.services(land.saga())["saga_service"].spec().cwd == reference.services(land.saga())["saga_service"].spec().cwd


def test_a_saga_without_steps_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="food_delivery has no steps that are called"):
        reference_landscape().saga("food_delivery")
