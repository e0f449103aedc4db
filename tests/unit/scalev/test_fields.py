# ruff: noqa: SIM905 - lists of names read better as paragraphs
from __future__ import annotations

from collections.abc import Mapping

import pytest

from tertib.model import Field, Kind
from tertib.scalev.contract import ALWAYS_COLUMNS, FIELDS, PAYMENT_METHODS, PAYMENT_STATUSES, STATUSES_READ

# What the two list pages show in their examples, objects and the objects of lists flattened by dots.
BUSINESS_EXAMPLE = """
    advertiser advertiser.aff_code advertiser.avatar advertiser.email advertiser.fullname advertiser.id
    advertiser.phone agent_context canceled_time channel_name closed_time completed_time confirmed_time
    courier_additional_info courier_service courier_service.code courier_service.code_co
    courier_service.code_ka courier_service.code_lincah courier_service.code_mengantar
    courier_service.code_ro courier_service.courier courier_service.courier.code
    courier_service.courier.code_ka courier_service.courier.code_lincah
    courier_service.courier.code_mengantar courier_service.courier.code_ro courier_service.courier.id
    courier_service.courier.is_pickup courier_service.courier.name courier_service.id
    courier_service.name created_at customer customer.confirmed_at customer.created_at customer.email
    customer.id customer.last_updated_at customer.name customer.phone customer.status
    destination_address destination_address.address destination_address.city destination_address.id
    destination_address.location destination_address.name destination_address.phone
    destination_address.postal_code destination_address.province destination_address.subdistrict
    discount_code_applied_to discount_code_code discount_code_discount draft_time dropshipper_name
    dropshipper_phone epayment_provider external_id fb_pixel_ids final_variants financial_entity
    financial_entity.code financial_entity.duitku_code financial_entity.entity_type financial_entity.id
    financial_entity.name financial_entity.platform financial_entity.xendit_code follow_up_chats
    follow_up_chats.bundle_id follow_up_chats.change_status follow_up_chats.hours_after
    follow_up_chats.id follow_up_chats.image follow_up_chats.is_default follow_up_chats.name
    follow_up_chats.product_id follow_up_chats.provider follow_up_chats.store_id follow_up_chats.trigger
    gross_revenue handler handler.aff_code handler.avatar handler.email handler.fullname handler.id
    handler.phone handler_phone id is_dropshipping is_probably_spam is_purchase_fb is_purchase_kwai
    is_purchase_tiktok is_repeat kwai_pixel_ids last_updated_at mark_as_spam_by message_history
    message_history.id message_history.is_from_bot message_history.message message_history.name
    message_history.provider message_history.recipient_name message_history.recipient_phone
    message_history.sender_name message_history.sender_phone message_history.timestamp metadata
    net_payment_revenue net_revenue notes order_id origin_address origin_address.address
    origin_address.city origin_address.id origin_address.location origin_address.location_id
    origin_address.postal_code origin_address.province origin_address.subdistrict
    origin_address.warehouse other_income other_income_name payment_account_holder payment_account_id
    payment_account_number payment_fee payment_url pending_time pg_payment_info pg_reference_id platform
    product_discount product_price public_order_url rts_time scalev_fee secret_slug shipment_receipt
    shipment_status shipped_time shipping_cost shipping_discount store store.business
    store.business.account_holder store.business.email store.business.id store.business.is_banned
    store.business.logo store.business.unique_id store.business.username store.id store.name
    store.unique_id store.uuid tags tags.id tags.name tiktok_pixel_ids total_weight transfer_time
    transferproof_url unique_code_discount utm_source warehouse warehouse.business
    warehouse.business.account_holder warehouse.business.email warehouse.business.id
    warehouse.business.is_banned warehouse.business.logo warehouse.business.unique_id
    warehouse.business.username warehouse.contact_name warehouse.contact_phone warehouse.id
    warehouse.name
""".split()
CUSTOMER_EXAMPLE = """
    awb_status canceled_time closed_time completed_time confirmed_time courier_service
    courier_service.code courier_service.courier courier_service.courier.code courier_service.courier.id
    courier_service.courier.name courier_service.id courier_service.name created_at customer
    customer.confirmed_at customer.created_at customer.email customer.id customer.last_updated_at
    customer.name customer.phone customer.status destination_address destination_address.address
    destination_address.city destination_address.id destination_address.location
    destination_address.name destination_address.phone destination_address.postal_code
    destination_address.province destination_address.subdistrict discount_code_applied_to
    discount_code_code discount_code_discount discount_rate draft_time final_variants gross_revenue
    gross_revenue_for_dropshipper id in_process_time is_dropshipping last_updated_at notes order_id
    orderlines orderlines.currency orderlines.discount orderlines.discount_code_discount orderlines.id
    orderlines.interval orderlines.interval_count orderlines.is_file_enabled
    orderlines.is_license_enabled orderlines.is_lms_enabled orderlines.item_type orderlines.pricing_type
    orderlines.product_name orderlines.product_price orderlines.quantity orderlines.variant
    orderlines.variant_option1_value orderlines.variant_option2_value orderlines.variant_option3_value
    orderlines.variant_price orderlines.variant_sku orderlines.weight other_income other_income_name
    paid_time payment_account_holder payment_account_number payment_method payment_status payment_url
    pending_time pg_payment_info product_discount product_price product_weight public_order_url
    ready_time rts_time secret_slug shipment_receipt shipment_status shipment_status_history
    shipped_time shipping_cost shipping_discount status status_history store store.auto_expire_days
    store.days_of_payment_processing store.is_auto_expire store.is_show_download_invoice
    store.is_show_whatsapp store.logo store.name store.payment_accounts
    store.payment_accounts.account_holder store.payment_accounts.account_number
    store.payment_accounts.financial_entity store.payment_accounts.financial_entity.code
    store.payment_accounts.financial_entity.duitku_code
    store.payment_accounts.financial_entity.entity_type store.payment_accounts.financial_entity.id
    store.payment_accounts.financial_entity.name store.payment_accounts.financial_entity.platform
    store.payment_accounts.financial_entity.xendit_code store.payment_accounts.id
    store.payment_accounts.method store.payment_accounts.unique_id store.unique_id sub_payment_method
    total_quantity total_weight transfer_time transferproof_url unique_code_discount unpaid_time
""".split()
# What the business list's `columns` offers.
COLUMNS = """
    secret_slug public_order_url payment_url final_variants store origin_address address_location
    handler_phone order_id destination_address quantity product_price total_weight courier_service
    shipping_cost payment_method gross_revenue shipment_receipt courier_additional_info payment_status
    status customer draft_time orderlines is_dropshipping dropshipper_name dropshipper_phone
    unique_code_discount tags awb_status awb_ca_status follow_up_chats follow_up_chat_type
    message_history metadata notes courier_aggregator_code shipment_account payment_account
    financial_entity payment_account_holder payment_account_number transferproof_url transfer_time
    product_discount shipping_discount other_income other_income_name shipment_status is_repeat platform
    external_id is_purchase_fb is_purchase_tiktok is_purchase_kwai fb_pixel_ids tiktok_pixel_ids
    kwai_pixel_ids pending_time confirmed_time shipped_time completed_time rts_time canceled_time
    closed_time warehouse page channel_name handler advertiser pg_payment_info sub_payment_method
    epayment_provider invoice_url pg_reference_id net_revenue payment_fee scalev_fee net_payment_revenue
    discount_code_discount discount_code_code discount_code_applied_to utm_source
""".split()

ORDERS = FIELDS["orders"]
CUSTOMER_ORDERS = FIELDS["customer_orders"]

NARROWED_AWAY = {"is_probably_spam", "mark_as_spam_by", "payment_account_id", "agent_context"}
TABLES = [pytest.param(table, id=source) for source, table in FIELDS.items()]


def lines_of(table: Mapping[str, Field]) -> set[str]:
    """Return the paths of the order lines and their parts."""
    return {path for path in table if path.partition(".")[0] == "orderlines"}


def test_the_business_table_is_what_the_page_shows() -> None:
    """The table holds the example's fields, the columns beyond it, and the order lines; nothing else."""
    assert set(ORDERS) == {*BUSINESS_EXAMPLE, *COLUMNS} | lines_of(CUSTOMER_ORDERS)


def test_the_customer_table_is_what_the_page_shows() -> None:
    """The table holds the example's fields and nothing else."""
    assert set(CUSTOMER_ORDERS) == set(CUSTOMER_EXAMPLE)


def test_order_lines_have_one_shape() -> None:
    """Order lines are documented in the customer list alone, so the business list takes them over as they are."""
    lines = lines_of(ORDERS)
    assert lines == lines_of(CUSTOMER_ORDERS)
    assert len(lines) == 22


@pytest.mark.parametrize("path", sorted(BUSINESS_EXAMPLE))
def test_columns_names_the_top_of_a_path(path: str) -> None:
    """A nested field is asked for by its top; three come by themselves and four never come narrowed."""
    top = path.partition(".")[0]
    expected = None if top in NARROWED_AWAY else top
    assert ORDERS[path].column == ("" if top in {"id", "created_at", "last_updated_at"} else expected)


def test_the_customer_list_gives_everything_by_itself() -> None:
    """The customer list documents no `columns`, so none is ever asked for."""
    assert {field.column for field in CUSTOMER_ORDERS.values()} == {""}


def test_what_is_always_asked_for_is_a_column() -> None:
    """Every read names columns that exist."""
    assert set(ALWAYS_COLUMNS) <= set(COLUMNS)


@pytest.mark.parametrize("table", TABLES)
def test_every_field_is_explained_to_a_shop_person(table: Mapping[str, Field]) -> None:
    """Each field has its own path as key and one whole sentence of help."""
    for path, field in table.items():
        assert field.path == path
        assert field.help[0].isupper() or field.help.startswith("`")
        assert field.help.endswith(".")
        assert ". " not in field.help


@pytest.mark.parametrize("table", TABLES)
def test_parents_of_nested_fields_can_hold_them(table: Mapping[str, Field]) -> None:
    """Every parent is there, and only below a list are fields elements."""
    lists = {Kind.OBJECTS, Kind.TAGS}
    for path, field in table.items():
        parents = [path[:dot] for dot, letter in enumerate(path) if letter == "."]
        assert all(table[parent].kind in {Kind.OBJECT, *lists} for parent in parents), path
        assert field.element == any(table[parent].kind in lists for parent in parents), path


def test_sources_say_which_list_has_a_field() -> None:
    """A field of both lists says so in both tables, any other names its own list only."""
    for source, table in FIELDS.items():
        for path, field in table.items():
            assert field.sources == {name for name, other in FIELDS.items() if path in other}
            assert source in field.sources


def test_a_field_of_both_lists_is_the_same_thing_in_both() -> None:
    """Kind, unit, values and help do not depend on the list that gave the order."""
    for path in set(ORDERS) & set(CUSTOMER_ORDERS):
        mine, theirs = ORDERS[path], CUSTOMER_ORDERS[path]
        assert (mine.kind, mine.unit, mine.values, mine.help) == (
            theirs.kind,
            theirs.unit,
            theirs.values,
            theirs.help,
        )


def test_enumerations_are_the_documented_ones() -> None:
    """Enumerated fields know the values of both contracts, and only they have values."""
    assert ORDERS["status"].values == STATUSES_READ
    assert "shipped_rts" in ORDERS["status"].values
    assert ORDERS["payment_status"].values == PAYMENT_STATUSES
    assert ORDERS["payment_method"].values == PAYMENT_METHODS["seeds"] | PAYMENT_METHODS["current"]
    assert len(ORDERS["platform"].values) == 9
    assert len(ORDERS["awb_ca_status"].values) == 6
    for table in FIELDS.values():
        assert all(bool(field.values) == (field.kind is Kind.ENUM) for field in table.values())


@pytest.mark.parametrize(
    ("path", "kind", "unit"),
    [
        ("gross_revenue", Kind.MONEY, "IDR"),
        ("orderlines.variant_price", Kind.MONEY, "IDR"),
        ("total_weight", Kind.NUMBER, "grams"),
        ("follow_up_chats.hours_after", Kind.NUMBER, "hours"),
        ("pending_time", Kind.TIME, ""),
        ("message_history.timestamp", Kind.TIME, ""),
        ("id", Kind.ID, ""),
        ("order_id", Kind.TEXT, ""),
        ("tags", Kind.TAGS, ""),
        ("fb_pixel_ids", Kind.TEXTS, ""),
        ("final_variants", Kind.QUANTITIES, ""),
        ("orderlines", Kind.OBJECTS, ""),
        ("customer", Kind.OBJECT, ""),
        ("metadata", Kind.OPEN, ""),
        ("page", Kind.OPEN, ""),
        ("payment_account", Kind.OPEN, ""),
        ("pg_payment_info", Kind.OPEN, ""),
        ("is_repeat", Kind.BOOLEAN, ""),
    ],
)
def test_kinds_and_units(path: str, kind: Kind, unit: str) -> None:
    """A field is read as what the page shows it to be."""
    assert (ORDERS[path].kind, ORDERS[path].unit) == (kind, unit)


def test_every_money_is_in_rupiah_and_every_time_is_a_time() -> None:
    """No amount lacks its unit, and no timestamp is taken for a text."""
    for table in FIELDS.values():
        for path, field in table.items():
            assert (field.kind is Kind.MONEY) == (field.unit == "IDR"), path
            assert (field.kind is Kind.TIME) == path.endswith(("_time", "_at", ".timestamp")), path


def test_auto_expire_is_in_days() -> None:
    """`{older_than: {field: store.auto_expire_days, unit: days}}` finds a number of days."""
    field = CUSTOMER_ORDERS["store.auto_expire_days"]
    assert (field.kind, field.unit) == (Kind.NUMBER, "days")


PERSONAL_WORDS = ("name", "fullname", "phone", "email", "account_holder", "account_number", "avatar")
# Names of things, not of people.
NAMES_OF_THINGS = {
    "store.name",
    "warehouse.name",
    "tags.name",
    "courier_service.name",
    "courier_service.courier.name",
    "financial_entity.name",
    "follow_up_chats.name",
    "channel_name",
    "other_income_name",
    "orderlines.product_name",
    "store.payment_accounts.financial_entity.name",
    "store.business.username",
    "warehouse.business.username",
}


@pytest.mark.parametrize("table", TABLES)
def test_whatever_names_a_person_is_personal(table: Mapping[str, Field]) -> None:
    """Names, phones, emails and accounts of people are marked wherever they stand."""
    for path, field in table.items():
        if path.endswith(PERSONAL_WORDS) and path not in NAMES_OF_THINGS:
            assert field.personal, path
    assert not any(table[path].personal for path in NAMES_OF_THINGS if path in table)


@pytest.mark.parametrize(
    "path",
    [
        *(
            path
            for path in BUSINESS_EXAMPLE
            if path.startswith(("customer", "destination_address", "message_history"))
        ),
        "notes",
        "secret_slug",
        "public_order_url",
        "payment_url",
        "metadata",
        "pg_payment_info",
        "agent_context",
        "handler_phone",
        "handler",
        "store",
    ],
)
def test_what_may_hold_personal_data_is_personal(path: str) -> None:
    """The buyer's data, free text, free-form objects, and objects with personal parts are never shown in clear."""
    assert ORDERS[path].personal


@pytest.mark.parametrize(
    "path", ["id", "order_id", "status", "gross_revenue", "tags", "store.name", "transferproof_url"]
)
def test_what_explains_a_decision_stays_in_clear(path: str) -> None:
    """An explanation months later still shows what was seen."""
    assert not ORDERS[path].personal
