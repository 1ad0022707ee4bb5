"""The layer over Gluon's renamed functions takes what there is, newest name first."""

from types import SimpleNamespace

import pytest

pytest.importorskip("triton", reason="kernels need Triton, which exists for Linux only")

from fp8_grouped_gemm.kernels import gluon_compat


def test_newer_names_win_and_older_ones_serve() -> None:
    both = SimpleNamespace(async_load="new", async_copy_global_to_shared="old")
    names = ("async_load", "async_copy_global_to_shared")
    assert gluon_compat._first(both, *names) == "new"
    del both.async_load
    assert gluon_compat._first(both, *names) == "old"


def test_a_triton_outside_the_supported_range_is_named() -> None:
    with pytest.raises(ImportError, match=r"3\.6 to 3\.9.*backend='triton'"):
        gluon_compat._first(SimpleNamespace(), "async_load")


def test_the_installed_triton_has_every_function() -> None:
    for name in ("async_load", "async_store", "async_values", "group_barrier"):
        assert callable(getattr(gluon_compat, name))
