"""Digests of requests: what is told apart by them."""

from __future__ import annotations

import numpy as np

from ladle.labelling.contract.events import chain_of, digest_of


def test_requests_that_differ_have_other_digests() -> None:
    zeros = np.zeros(6)
    requests = [
        (zeros,),
        (zeros.reshape(2, 3),),
        (zeros.reshape(3, 2),),
        (zeros.astype(np.int64),),  # the same bytes
        (zeros.astype(np.float32),),
        (zeros[:3], zeros[3:]),
        (zeros.tolist(),),
        (0.0,) * 6,
        (None,),
        ("",),
        (),
    ]
    assert len({digest_of(*request) for request in requests}) == len(requests)


def test_the_same_request_has_the_same_digest_however_it_lies_in_memory() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert digest_of("a", array) == digest_of("a", np.asfortranarray(array)) == digest_of("a", array[::-1][::-1])


def test_an_event_seals_those_before_it() -> None:
    row = (2, 1_800_000_000, "tell", "ann", "", "", "{}")
    assert chain_of("one", row) != chain_of("other", row)
    assert len({chain_of("one", (*row[:place], "changed", *row[place + 1 :])) for place in range(len(row))}) == len(row)
