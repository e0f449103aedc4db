"""Invent buyers with Indonesian names, addresses and telephone numbers; nobody here exists."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.sandbox.catalogue import STORES, Fields
from tertib.sandbox.clock import iso

GIVEN: Final = (
    *(
        "Siti",
        "Ahmad",
        "Nur",
        "Budi",
        "Ayu",
        "Agus",
        "Dwi",
        "Eko",
        "Rina",
        "Hendra",
        "Wulan",
        "Taufik",
        "Maya",
    ),
    *(
        "Joko",
        "Lilis",
        "Fajar",
        "Kadek",
        "Made",
        "Yuni",
        "Arif",
        "Sri",
        "Dian",
        "Ratna",
        "Iwan",
        "Putri",
        "Bayu",
    ),
    *(
        "Mega",
        "Rahmat",
        "Desi",
        "Galih",
        "Tika",
        "Andika",
        "Novi",
        "Surya",
        "Endang",
        "Reza",
        "Laila",
        "Ujang",
    ),
)
FAMILY: Final = (
    *(
        "Rahayu",
        "Hidayat",
        "Saputra",
        "Wibowo",
        "Lestari",
        "Santoso",
        "Kusuma",
        "Pratiwi",
        "Setiawan",
        "Maulana",
    ),
    *(
        "Siregar",
        "Nasution",
        "Simanjuntak",
        "Wijaya",
        "Handoko",
        "Anggraini",
        "Susanto",
        "Ramadhani",
        "Utami",
    ),
    *(
        "Permana",
        "Suryani",
        "Gunawan",
        "Hasanah",
        "Firmansyah",
        "Marbun",
        "Tanjung",
        "Wahyuni",
        "Purnomo",
        "",
    ),
)
STREETS: Final = (
    *(
        "Jl. Melati",
        "Jl. Kenanga",
        "Jl. Diponegoro",
        "Jl. Ahmad Yani",
        "Jl. Veteran",
        "Gg. Mawar",
        "Jl. Cempaka",
    ),
    *("Perum Griya Asri Blok C", "Jl. Pahlawan", "Dusun Krajan RT 02 RW 05", "Jl. Sudirman", "Jl. Flamboyan"),
)
PLACES: Final = (
    ("Coblong", "Kota Bandung", "Jawa Barat", "40132", 3273),
    ("Cimanggis", "Kota Depok", "Jawa Barat", "16451", 3276),
    ("Kebayoran Baru", "Kota Jakarta Selatan", "DKI Jakarta", "12110", 3171),
    ("Ciputat", "Kota Tangerang Selatan", "Banten", "15411", 3674),
    ("Banyumanik", "Kota Semarang", "Jawa Tengah", "50264", 3374),
    ("Laweyan", "Kota Surakarta", "Jawa Tengah", "57148", 3372),
    ("Depok", "Kabupaten Sleman", "DI Yogyakarta", "55281", 3404),
    ("Gubeng", "Kota Surabaya", "Jawa Timur", "60281", 3578),
    ("Lowokwaru", "Kota Malang", "Jawa Timur", "65141", 3573),
    ("Denpasar Barat", "Kota Denpasar", "Bali", "80119", 5171),
    ("Medan Baru", "Kota Medan", "Sumatera Utara", "20154", 1275),
    ("Ilir Barat I", "Kota Palembang", "Sumatera Selatan", "30139", 1671),
    ("Panakkukang", "Kota Makassar", "Sulawesi Selatan", "90231", 7371),
    ("Banjarmasin Tengah", "Kota Banjarmasin", "Kalimantan Selatan", "70114", 6371),
    ("Sorong Manoi", "Kota Sorong", "Papua Barat Daya", "98414", 9671),
)
PREFIXES: Final = ("62812", "62813", "62821", "62852", "62857", "62878", "62896", "62838")
SPAM_NAMES: Final = ("asdasd", "test", "qwerty qwerty", "<b>promo</b>", "aaaa", "Robot 123")


def chance(rng: random.Random, share: float) -> bool:
    """Throw a die that says yes in this share of the throws."""
    return rng.random() < share


def buyer(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    """Invent one buyer of one store, with the address orders go to."""
    name = f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}".strip()
    phone = rng.choice(PREFIXES) + str(rng.randrange(10_000_000, 99_999_999))
    store = rng.choices(STORES, weights=(30, 26, 18, 18, 8))[0]
    joined = iso(now - timedelta(days=rng.randrange(90, 700)))
    email = None if chance(rng, 0.25) else f"{name.lower().replace(' ', '.')}{number}@surel.example"
    customer = {
        "confirmed_at": joined if email else None,
        "created_at": joined,
        "email": email,
        "id": number,
        "last_updated_at": joined,
        "name": name,
        "phone": phone,
        "status": "confirmed" if email else "unconfirmed",
    }
    return {"customer": customer, "store": store, "address": address(rng, number, customer)}


def address(rng: random.Random, number: int, customer: Mapping[str, Any]) -> Fields:
    """Invent where a buyer lives."""
    subdistrict, city, province, postal_code, location = rng.choice(PLACES)
    return {
        "address": f"{rng.choice(STREETS)} No. {rng.randrange(1, 190)}",
        "city": city,
        "id": 60_000 + number,
        "location": location,
        "name": customer["name"],
        "phone": customer["phone"],
        "postal_code": postal_code,
        "province": province,
        "subdistrict": subdistrict,
    }


def spammer(rng: random.Random, somebody: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a buyer into one that no shop believes."""
    name = rng.choice(SPAM_NAMES)
    phone = "6281" + rng.choice("123456789") * 8
    customer = {**somebody["customer"], "name": name, "phone": phone, "email": None, "status": "unconfirmed"}
    place = {
        **somebody["address"],
        "name": name,
        "phone": phone,
        "address": rng.choice(("-", "asdf", "jl jl jl")),
    }
    return {"customer": customer, "store": somebody["store"], "address": place}
