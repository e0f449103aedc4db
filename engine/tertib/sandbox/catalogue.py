"""List what the sandbox's shops consist of: businesses, stores, goods, people who work there, couriers, banks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Good:
    """One thing a store sells."""

    id: int
    name: str
    price: int
    grams: int
    sku: str

    @property
    def is_digital(self) -> bool:
        """Tell whether nothing is shipped."""
        return self.grams == 0


def _business(number: int, holder: str, username: str) -> Fields:
    return {
        "account_holder": holder,
        "email": f"halo@{username}.example",
        "id": number,
        "is_banned": False,
        "logo": f"https://cdn.scalev.example/logo/{username}.png",
        "unique_id": f"biz_{username}",
        "username": username,
    }


OWN_BUSINESS: Final = _business(411, "PT Nusantara Rapi Jaya", "nusantararapi")
PARTNER_BUSINESS: Final = _business(902, "CV Ayuna Cantik Mandiri", "ayunacantik")
DIGITAL_STORE: Final = 33
PARTNER_STORE: Final = 57
AFFILIATE_BUSINESSES: Final = (1201, 1202, 1340)


def _entity(number: int, code: str, name: str, kind: str = "bank") -> Fields:
    return {
        "code": code,
        "duitku_code": code[:2].upper(),
        "entity_type": kind,
        "id": number,
        "name": name,
        "platform": "manual" if kind == "bank" else "epayment",
        "xendit_code": code.upper(),
    }


FINANCIAL_ENTITIES: Final[dict[int, Fields]] = {
    number: _entity(number, *described)
    for number, described in enumerate(
        (
            ("bca", "Bank Central Asia"),
            ("bni", "Bank Negara Indonesia"),
            ("bri", "Bank Rakyat Indonesia"),
            ("mandiri", "Bank Mandiri"),
            ("permata", "Bank Permata"),
            ("cimb", "Bank CIMB Niaga"),
            ("bsi", "Bank Syariah Indonesia"),
            ("jago", "Bank Jago"),
            ("qris", "QRIS", "qr"),
            ("ovo", "OVO", "ewallet"),
            ("dana", "DANA", "ewallet"),
            ("gopay", "GoPay", "ewallet"),
            ("shopeepay", "ShopeePay", "ewallet"),
            ("linkaja", "LinkAja", "ewallet"),
            ("alfamart", "Alfamart", "retail"),
            ("indomaret", "Indomaret", "retail"),
        ),
        start=1,
    )
}
ENTITY_BY_CODE: Final = {entity["code"]: entity for entity in FINANCIAL_ENTITIES.values()}


def _account(number: int, bank: int, holder: str, digits: str) -> Fields:
    return {
        "id": number,
        "unique_id": f"pacc_{number:05d}",
        "method": "bank_transfer",
        "account_holder": holder,
        "account_number": digits,
        "financial_entity": FINANCIAL_ENTITIES[bank],
    }


def _store(number: int, name: str, slug: str, business: Fields, expires_after: int | None) -> Fields:
    """Describe a store with the fields of both list pages; each answer takes its own."""
    holder = business["account_holder"]
    return {
        "business": business,
        "id": number,
        "name": name,
        "unique_id": f"store_{slug}",
        "uuid": f"0192f3a0-{number:04x}-7c11-9a00-{number:012x}",
        "logo": f"https://cdn.scalev.example/store/{slug}.png",
        "payment_accounts": [
            _account(number * 10 + 1, 1, holder, f"52710{number:05d}"),
            _account(number * 10 + 2, 3, holder, f"0341010{number:08d}"),
        ],
        "days_of_payment_processing": 3,
        "is_auto_expire": expires_after is not None,
        "auto_expire_days": expires_after,
        "is_show_whatsapp": True,
        "is_show_download_invoice": True,
    }


STORES: Final = (
    _store(31, "Rumah Herbal Nusantara", "rumahherbal", OWN_BUSINESS, 3),
    _store(32, "Hijab Anggun", "hijabanggun", OWN_BUSINESS, 2),
    _store(DIGITAL_STORE, "Kelas Usaha Digital", "kelasusaha", OWN_BUSINESS, 7),
    _store(34, "Dapur Bu Rini", "dapurburini", OWN_BUSINESS, None),
    _store(PARTNER_STORE, "Ayuna Skincare", "ayuna", PARTNER_BUSINESS, 3),
)

GOODS: Final[dict[int, tuple[Good, ...]]] = {
    31: (
        Good(7001, "Madu Hutan Sumbawa 500 ml", 98_000, 720, "MDU-500"),
        Good(7002, "Teh Daun Kelor 30 kantong", 45_000, 120, "KLR-30"),
        Good(7003, "Kapsul Habbatussauda 120", 79_000, 160, "HBS-120"),
        Good(7004, "Minyak Zaitun Extra Virgin 250 ml", 112_500, 410, "ZTN-250"),
    ),
    32: (
        Good(7101, "Hijab Segi Empat Voal", 59_000, 150, "VOAL-01"),
        Good(7102, "Gamis Katun Toyobo", 239_000, 650, "GMS-TYB"),
        Good(7103, "Mukena Travel Parasut", 165_000, 480, "MKN-TRV"),
    ),
    DIGITAL_STORE: (
        Good(7201, "Ebook Jualan Laris di WhatsApp", 99_000, 0, "EBK-WA"),
        Good(7202, "Kelas Online Meta Ads", 349_000, 0, "KLS-ADS"),
        Good(7203, "Template Laporan Keuangan UMKM", 75_000, 0, "TPL-KEU"),
    ),
    34: (
        Good(7301, "Sambal Bawang Bu Rini 200 g", 32_000, 260, "SBL-200"),
        Good(7302, "Rendang Sapi Kemasan 500 g", 135_000, 560, "RDG-500"),
        Good(7303, "Abon Ayam Pedas 250 g", 68_000, 300, "ABN-250"),
    ),
    PARTNER_STORE: (
        Good(7401, "Serum Niacinamide 30 ml", 89_000, 90, "SRM-NIA"),
        Good(7402, "Paket Glowing 4 Langkah", 259_000, 520, "PKT-GLW"),
    ),
}


def _warehouse(number: int, name: str, contact: str, business: Fields) -> Fields:
    phone = f"62813{number:07d}"
    return {"business": business, "contact_name": contact, "contact_phone": phone, "id": number, "name": name}


WAREHOUSES: Final = (
    _warehouse(81, "Gudang Cakung", "Slamet Riyadi", OWN_BUSINESS),
    _warehouse(82, "Gudang Sidoarjo", "Wahyu Prasetyo", OWN_BUSINESS),
)
ORIGINS: Final[dict[int, Fields]] = {
    81: {
        "address": "Jl. Raya Cakung Cilincing Km 3 No. 12",
        "city": "Kota Jakarta Timur",
        "id": 5001,
        "location": 3175,
        "location_id": 3175,
        "postal_code": "13910",
        "province": "DKI Jakarta",
        "subdistrict": "Cakung",
        "warehouse": 81,
    },
    82: {
        "address": "Pergudangan Safe n Lock Blok B-7",
        "city": "Kabupaten Sidoarjo",
        "id": 5002,
        "location": 3515,
        "location_id": 3515,
        "postal_code": "61234",
        "province": "Jawa Timur",
        "subdistrict": "Sidoarjo",
        "warehouse": 82,
    },
}


def _colleague(number: int, name: str, code: str) -> Fields:
    return {
        "aff_code": code,
        "avatar": f"https://cdn.scalev.example/avatar/{number}.png",
        "email": f"{name.partition(' ')[0].lower()}@nusantararapi.example",
        "fullname": name,
        "id": number,
        "phone": f"62811{number:07d}",
    }


HANDLERS: Final = (
    _colleague(201, "Dewi Lestari", "DEWI"),
    _colleague(202, "Rizky Ramadhan", "RIZKY"),
    _colleague(203, "Fitri Handayani", "FITRI"),
    _colleague(204, "Bagas Nugroho", "BAGAS"),
)
ADVERTISERS: Final = (_colleague(301, "Yoga Pratama", "YOGA"), _colleague(302, "Intan Permatasari", "INTAN"))


def _service(number: int, courier: tuple[int, str, str], code: str, name: str) -> Fields:
    courier_id, courier_code, courier_name = courier
    full = f"{courier_code}_{code}"
    return {
        "code": full,
        "code_co": f"co_{full}",
        "code_ka": f"ka_{full}",
        "code_lincah": f"li_{full}",
        "code_mengantar": f"me_{full}",
        "code_ro": full,
        "courier": {
            "code": courier_code,
            "code_ka": courier_code.upper(),
            "code_lincah": courier_code,
            "code_mengantar": courier_name,
            "code_ro": courier_code,
            "id": courier_id,
            "is_pickup": courier_code != "lion",
            "name": courier_name,
        },
        "id": number,
        "name": name,
    }


COURIER_SERVICES: Final = (
    _service(601, (61, "jne", "JNE"), "reg", "JNE REG"),
    _service(602, (61, "jne", "JNE"), "yes", "JNE YES"),
    _service(611, (62, "jnt", "J&T Express"), "ez", "J&T EZ"),
    _service(621, (63, "sicepat", "SiCepat"), "siuntung", "SiCepat SIUNTUNG"),
    _service(622, (63, "sicepat", "SiCepat"), "gokil", "SiCepat GOKIL"),
    _service(631, (64, "anteraja", "AnterAja"), "reg", "AnterAja Reguler"),
    _service(641, (65, "ninja", "Ninja Xpress"), "std", "Ninja Standard"),
    _service(651, (66, "lion", "Lion Parcel"), "regpack", "Lion REGPACK"),
)

PAGES: Final = tuple(
    {"id": 900 + number, "name": f"Promo {store['name']}", "slug": f"promo-{store['unique_id']}"}
    for number, store in enumerate(STORES)
)

TAGS: Final[dict[str, int]] = {
    name: 40 + number
    for number, name in enumerate(
        (
            "bukti-ok",
            "hold",
            "vip",
            "reseller",
            "follow-up-1",
            "follow-up-2",
            "kado",
            "komplain",
            "alamat-ragu",
        )
    )
}


def tag(name: str) -> Fields:
    """Show a tag as the lists do; a new name gets an id of its own."""
    known = TAGS.get(name)
    return {"id": known if known is not None else 1000 + sum(name.encode()), "name": name}
