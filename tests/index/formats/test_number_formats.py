"""Numbers as spreadsheets show them: golden rows, each as Excel shows it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.formats.number_formats import BUILT_IN, show

ROWS = [
    (14.5, "General", "14.5"), (0.1 + 0.2, "General", "0.3"), (1e15 / 3, "General", "333333333333333"),
    (1234567890123, "General", "1234567890123"), (1e20, "General", "1E+20"), (0.00001234, "General", "0.00001234"),
    (1234.5, "0", "1235"), (2.5, "0", "3"), (1.005, "0.00", "1.01"), (0.5, "#.##", ".5"), (5, "#.##", "5."),
    (5, "0.0#", "5.0"), (5.25, "0.0#", "5.25"), (1234567.891, "#,##0.00", "1,234,567.89"), (0, "#,##0", "0"),
    (12, "#,##0", "12"), (-1234, "#,##0", "-1,234"), (-0.4, "0", "0"), (0.256, "0%", "26%"), (0.0725, "0.00%", "7.25%"),
    (1234.5, '"€" #,##0.00', "€ 1,234.50"), (1234.5, "[$€-407] #,##0.00", "€ 1,234.50"), (5, '0" kg"', "5 kg"),
    (1234.5, "#,##0.00\\ [$kr-414]", "1,234.50 kr"), (-5, "$#,##0;[Red]($#,##0)", "($5)"), (-5, "0;0", "5"),
    (0, '0;-0;"none"', "none"), (0, "0;-0;", ""), (12345, "0.00E+00", "1.23E+04"), (0.00012, "0.00E+00", "1.20E-04"),
    (12345, "##0.0E+0", "12.3E+3"), (5.25, "# ?/?", "5 1/4"), (0.5, "# ?/?", "1/2"), (2, "# ?/?", "2"),
    (5551234, "000-0000", "555-1234"), (7, "0000", "0007"), (1234567, "0.0,,", "1.2"), (1500, '0,"k"', "2k"),
    (150, '[>=100]"high";"low"', "high"), (50, '[>=100]"high";"low"', "low"), (42, "_-* #,##0_-", "42"),
    (45424, "yyyy-mm-dd", "2024-05-12"), (45424, "d mmmm yyyy", "12 May 2024"),
    (45424, "dddd, dd.mm.yy", "Sunday, 12.05.24"),
    (45424.5625, "dd/mm/yyyy hh:mm", "12/05/2024 13:30"), (45424.5625, "h:mm AM/PM", "1:30 PM"), (0.5, "h:mm", "12:00"),
    (1.5, "[h]:mm", "36:00"), (0.00069444444, "mm:ss", "01:00"), (59, "d mmm yyyy", "28 Feb 1900"),
    (61, "d mmm yyyy", "1 Mar 1900"),
    (45424.999999999, "yyyy-mm-dd hh:mm:ss", "2024-05-13 00:00:00"),
    (45424, "[$-409]mmm\\ d\\,\\ yyyy", "May 12, 2024"),
    (-1, "yyyy-mm-dd", "-1"), (1e9, "yyyy-mm-dd", "1000000000"), (5, "@", "5"), (0.5, BUILT_IN[21], "12:00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "shown"), ROWS)
def test_a_number_is_shown_as_its_format_says(value: float, code: str, shown: str) -> None:
    assert show(value, code) == shown


def test_days_may_count_from_1904() -> None:
    assert show(43962, "yyyy-mm-dd", since_1904=True) == "2024-05-12"


@given(st.floats(allow_nan=False, allow_infinity=False), st.text('0#?.,%/E+-ymdhs[]"\\_*;@ GeneralAM', max_size=20))
def test_no_code_and_no_number_is_too_odd(value: float, code: str) -> None:
    assert isinstance(show(value, code), str)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_two_places_are_those_of_python(value: object) -> None:
    number = float(str(value))
    assert show(number, "#,##0.00").replace("-0.00", "0.00") == f"{number:,.2f}".replace("-0.00", "0.00")
    assert math.isclose(float(show(number, "0.00")), number, abs_tol=0.005)
