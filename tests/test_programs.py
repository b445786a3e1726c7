"""What becomes of tests whose program is not installed."""

import pytest

import programs


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without programs."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(programs.REQUIRED, raising=False)


def test_they_are_skipped_and_say_what_to_install() -> None:
    with pytest.raises(pytest.skip.Exception, match="`apt-get install chromium`"):
        programs.chromium()
    with pytest.raises(pytest.skip.Exception, match="`apt-get install libreoffice-calc-nogui`"):
        programs.libreoffice()


def test_they_fail_where_the_edges_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.REQUIRED, "required")
    with pytest.raises(pytest.fail.Exception, match="no `soffice` is installed"):
        programs.libreoffice()
