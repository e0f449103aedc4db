"""The words of a server's message that may be shown: a message can quote a buyer's name, and no mask knows names.

So nothing is shown but what is known: plain words of refusals in English and Indonesian, the contract's own names
and values, and short numbers. Every other word becomes `…`.
"""

from __future__ import annotations

import re
from typing import Final

from tertib.scalev.fields import FIELDS
from tertib.scalev.parameters import PARAMETERS
from tertib.scalev.values import PAYMENT_METHODS_READ, PAYMENT_STATUSES, STATUSES_READ

_WORD: Final = re.compile(r"[^\W_]+(?:[_'\u2019-][^\W_]+)*")
_SHORT_NUMBER: Final = re.compile(r"[0-9]{1,8}")

_PLAIN: Final = frozenset(
    """
    a about above accepted access account action active after again all allowed already an and another any api
    application are argument array as at attribute authentication authorization authorized available back bad be
    because been before being below between blank body boolean both boundary bulk business but by can cannot cant
    change changed changes character characters check client closed code column columns complete conflict contains
    could count create created credential current cursor customer data database date day days decimal default delete
    deleted denied details did different digit digits disabled do does doesn't don't done down draft duplicate
    duplicated during each either empty enabled end entity enum equal error errors exceed exceeded exceeds exist
    existing exists expected expired fail failed fails false field fields file filter find first five flow for
    forbidden form format found from full gateway get given greater had has have header hour if ignored in inactive
    incorrect input insufficient integer internal into invalid is isn't it item items its json key known last least
    length less like limit limited list locked long longer maintenance malformed many match maximum may method minimum
    minute missing modified more most move moved must name need needed needs new no non none not nothing null number object
    of off on one only onto or order orders other out over own page paginated parameter parameters parse pattern
    payload payment per permission permitted please positive present private processing processed property provided
    quota range rate read reached reason refused reject rejected request requests require required requires
    resource response retry same scope scopes second seconds seller server service session set should size since
    some something state status statuses still stock store string such supplied supported system tag tags target temporarily
    text than that the their then there these they this time times timeout to token too transition true try two type
    unable unauthorized unavailable unexpected unique unknown unprocessable unsupported until update updated upstream
    url use used user uuid valid validation value values version was webhook were when where which while will with
    without wrong yet you your zero
    ada adalah akses atau bukan coba dapat dari data dengan di diizinkan ditemukan ditolak diubah gagal harus id
    kosong lagi maksimal melebihi memiliki pada permintaan pesanan salah silakan status sudah terlalu tersedia tidak
    toko untuk yang wajib
    """.split()  # noqa: SIM905 - a page of words reads better than three hundred quotes
)
_NAMES: Final = frozenset(
    part for table in FIELDS.values() for path in table for part in (path, *path.split("."))
) | frozenset(PARAMETERS)
_VALUES: Final = STATUSES_READ | PAYMENT_STATUSES | PAYMENT_METHODS_READ
_KNOWN: Final = _PLAIN | _NAMES | _VALUES | {"ids", "is_breakdown_status", "page_size"}


def known_words(text: str) -> str:
    """Return a message with every word that is not known to be harmless as `…`."""
    return re.sub(r"…(?:\W*…)+", "…", _WORD.sub(_shown, text))


def _shown(found: re.Match[str]) -> str:
    word = found[0]
    if word.lower() in _KNOWN or word in _KNOWN or _SHORT_NUMBER.fullmatch(word):
        return word
    return "…"
