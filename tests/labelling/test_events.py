"""Digests of requests: what is told apart by them."""

from __future__ import annotations

import numpy as np

from ladle.labelling.events import digest_of


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
