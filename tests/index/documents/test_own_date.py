"""The date that a text says of itself: beginnings and signatures with the date that a reader would give the text."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document
from citeqa.index.documents.own_date import own_date

STORY = "\nThe harbour office says that the north quay stays closed.\nBoats go to the south quay."

RIGHT = [
    ("Press release, 29 October 2026\n\nThe quay is closed.", date(2026, 10, 29)),
    ("PRESS RELEASE\n29 October 2026\n\nThe quay is closed.", date(2026, 10, 29)),
    ("Minutes of 19 February 2026\n\nPresent: all.", date(2026, 2, 19)),
    ("# Minutes of the board meeting, Thursday 15 January 2026\n\nPresent: all.", date(2026, 1, 15)),
    ("Minutes of the meeting held on 3rd March 2025\nPresent: all.", date(2025, 3, 3)),
    ("Quay closes\nDate: 3 March 2025\n\nThe quay is closed.", date(2025, 3, 3)),
    ("Quay closes\n**Date:** March 3, 2025\n\nThe quay is closed.", date(2025, 3, 3)),
    ("From: Ann\nTo: Bob\nDate: Mon, 3 Mar 2025 10:12:00 +0100\nSubject: quay\n\nHello.", date(2025, 3, 3)),
    ("From: Ann\nSent: Monday, 3 March 2025 10:12\nTo: Bob\n\nHello.", date(2025, 3, 3)),
    ("Rules of the club\nLast updated: 4 April 2018\n\nNo dogs.", date(2018, 4, 4)),
    ("Rules\nPublished: 1 March 2024 | Updated: 5 May 2025\n\nNo dogs.", date(2025, 5, 5)),
    ("Rules\nStand: 03.04.2025\n\nNo dogs.", date(2025, 4, 3)),
    ("Handbook\nIssued 2025-03-01\n\nNo dogs.", date(2025, 3, 1)),
    ("Posted on Sept. 7, 2024 by Ann\nThe quay is closed.", date(2024, 9, 7)),
    ("London, 3 March 2025\n\nDear Mr Hall,\n\nwe write about the quay.", date(2025, 3, 3)),
    ("To Hall & Sons\n\nSt. Ives, 2 December 2024\n\nDear Mr Hall, we confirm.", date(2024, 12, 2)),
    ("Dear Mr Hall,\n\nthe quay is closed.\n\nYours, Ann Vane\nYork, 3 March 2025", date(2025, 3, 3)),
    ("The quay is closed, and so is the pier.\n\nAnn Vane\n3 March 2025\n", date(2025, 3, 3)),
    ("Agreement\n\nThe parties agree.\n\nSigned on 9 January 2023", date(2023, 1, 9)),
    ("Lease\n\nThe parties agree.\n\nDated this 3rd day of March 2025", date(2025, 3, 3)),
    ("LONDON, 3 March 2025 (Reuters) - The quay is closed.", date(2025, 3, 3)),
    ("Quay closes\n\n14 June 2025. The quay is closed.", date(2025, 6, 14)),
    ("Quay closes\n14 June 2025 – The quay is closed.", date(2025, 6, 14)),
    ("Harbour Board\n\nCircular of 2 September 2025 to all staff\n\nThe quay is closed.", date(2025, 9, 2)),
    ("Harbour office, 12 May 2023\n\nThe quay is closed.", date(2023, 5, 12)),
    ("HARBOUR BOARD\nAnnual general meeting, Tuesday 4 November 2025, Old Hall\n\nPresent: all.", date(2025, 11, 4)),
    ("Harbour plc\n\nAnnual report 2024, published 14 February 2025\n\nIt rained.", date(2025, 2, 14)),
    ("Quay\n\nReport of 6 November 2025\n\nIt rained.", date(2025, 11, 6)),
    ("Minutes\nDate: 3 March 2025\nTime: 19:00\nVenue: Old Hall\n\nPresent: all.", date(2025, 3, 3)),
    ("Newsletter - 25/12/2024\n\nMerry Christmas.", date(2024, 12, 25)),
    ("Monday, 3 March 2025\n\nThe quay is closed.", date(2025, 3, 3)),
]  # fmt: skip

NONE = [
    "Report on the flood of 3 March 2011\n\nIt rained.",
    "Report: the sinking of the Aurora, 3 March 1994\n\nIt sank.",
    "The battle of Hastings, 14 October 1066\n\nThey fought.",
    "Pearl Harbor, 7 December 1941\n\nPlanes came.",
    "On 3 March 2025 the quay was closed.\nIt rained.",
    "The minutes of 19 February 2026 were approved.\nIt rained.",
    "Quay\nThe report of 3 March 2025 says otherwise.\nIt rained.",
    "This replaces the rules of 2 May 2023\n\nNo dogs.",
    "Amendment to the lease of 1 March 2021\n\nThe rent rises.",
    "Invitation to the meeting of 3 March 2025\n\nAll may come.",
    "Next meeting: 23 April 2026\n\nAll may come.",
    "Action list after the meeting of 26 March 2026\n\nAnn: lag the pipe.",
    "Quay\nDate: 03/04/2025\n\nThe quay is closed.",
    "Quay\nDate: 31 February 2025\n\nThe quay is closed.",
    "Quay\nDate: March 2025\n\nThe quay is closed.",
    "Quay\nDate: 3 March 25\n\nThe quay is closed.",
    "Summer concert\nDate: 3 July 2026\nTime: 19:00\nVenue: Old Hall",
    "Summer school\nDate: 3 July 2026 to 9 July 2026\nBring a towel.",
    "Ann Vane\nDate of birth: 3 March 1961\nShe sailed.",
    "Offer\nDeadline: 3 March 2025\nApply now.",
    "Offer\nValid until 3 March 2025\nApply now.",
    "Diary\n\n2 October 2024. We picked apples.\n\n9 October 2024. We picked pears.",
    "Log\n2024-10-02\nRain.\n2024-10-03\nSun.",
    "> Date: 3 March 2025\n> Hello\n\nI disagree.",
    "Ship\tBuilt\nAurora\t3 March 1994\n",
    "Born in Hull, 3 March 1961, she sailed at sea.\nIt rained.",
    "Press release of 3 March to 5 March 2025\n\nThe quay.",
    "The quay was closed on 3 March 2025 and opened on 5 May 2025.",
    "Quay\n" + STORY * 20 + "\nDate: 3 March 2025\n" + STORY * 20,
    "Decision in the case of Hall, 3 March 2025, was appealed\n\nIt failed.",
    "Stand by me\n\nIt is a song.",
    "Roma, 21 Marzo 2024\n\nCara Anna,",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RIGHT)
def test_the_date_that_a_text_says_of_itself(text: str, expected: date) -> None:
    assert own_date(text) == expected
    assert own_date(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize("text", NONE)
def test_a_date_that_a_text_only_talks_about_is_none(text: str) -> None:
    assert own_date(text) is None


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_way_to_write_a_day_is_the_same_day(day: date) -> None:
    month = day.strftime("%B")
    ways = [
        f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}",
        f"{day:%A}, {day.day} {month} {day.year}", f"{day:%a %d %b} {day.year}", day.isoformat(),
        f"{day.day:02}.{day.month:02}.{day.year}", f"{month.upper()} {day.day} {day.year}",
    ]  # fmt: skip
    for way in ways:
        assert own_date(f"Quay\nDate: {way}{STORY}") == day, way
    slashed = own_date(f"Quay\nDate: {day.day:02}/{day.month:02}/{day.year}{STORY}")
    assert slashed == (day if day.day > 12 or day.day == day.month else None)


@given(st.text(alphabet="Dat e:3./-20251marchMRof,\n#>|", max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    found = own_date(text)
    assert found is None or 1500 <= found.year < 2100


def test_metadata_goes_before_the_text_and_the_origin_is_told() -> None:
    text = "Press release, 29 October 2026\n\nThe quay is closed."
    own = document("a", text, file_sha256="0")
    known = document("a", text, file_sha256="0", published=date(2026, 11, 1))
    front = document("a", f"---\ntitle: Quay\ndate: 2026-11-02\n---\n{text}", file_sha256="0")
    undated = document("a", "The quay is closed.", file_sha256="0")
    assert (own.date, own.date_origin) == (date(2026, 10, 29), "text")
    assert (known.date, known.date_origin) == (date(2026, 11, 1), "metadata")
    assert (front.date, front.date_origin) == (date(2026, 11, 2), "metadata")
    assert (undated.date, undated.date_origin) == (None, None)
