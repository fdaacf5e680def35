"""The password proof against published vectors: RFC 5054's for the arithmetic, RFC 5869's for the key derivation."""

import hashlib

import pytest

from sandbox.cognito.srp import Group, hkdf, padded

# RFC 5054, appendix B: SHA-1 and the group of 1,024 bits.
RFC = Group(
    int(
        "EEAF0AB9ADB38DD69C33F80AFA8FC5E86072618775FF3C0B9EA2314C9C256576D674DF7496EA81D3383B4813D692C6E0"
        "E0D5D8E250B98BE48E495C1D6089DAD15DC7D7B46154D6B6CE8EF4AD69B15D4982559B297BCF1885C529F566660E57EC"
        "68EDBC3C05726CC02FD4CBF4976EAA9AFD5138FE8376435B9FC61D2FC0EB06E3",
        16,
    ),
    2,
)
K = int("7556AA045AEF2CDD07ABAF0F665C3E818913186F", 16)
X = int("94B7555AABE9127CC58CCF4993DB6CF84D16C124", 16)
V = int(
    "7E273DE8696FFC4F4E337D05B4B375BEB0DDE1569E8FA00A9886D8129BADA1F1822223CA1A605B530E379BA4729FDC59"
    "F105B4787E5186F5C671085A1447B52A48CF1970B4FB6F8400BBF4CEBFBB168152E08AB5EA53D15C1AFF87B2B9DA6E04"
    "E058AD51CC72BFC9033B564E26480D78E955A5E29E7AB245DB2BE315E2099AFB",
    16,
)
B_PRIVATE = int("E487CB59D31AC550471E81F00F6928E01DDA08E974A004F49E61F5D105284D20", 16)
A_PUBLIC = int(
    "61D5E490F6F1B79547B0704C436F523DD0E560F0C64115BB72557EC44352E8903211C04692272D8B2D1A5358A2CF1B6E"
    "0BFCF99F921530EC8E39356179EAE45E42BA92AEACED825171E1E8B9AF6D9C03E1327F44BE087EF06530E69F66615261"
    "EEF54073CA11CF5858F0EDFDFE15EFEAB349EF5D76988A3672FAC47B0769447B",
    16,
)
B_PUBLIC = int(
    "BD0C61512C692C0CB6D041FA01BB152D4916A1E77AF46AE105393011BAF38964DC46A0670DD125B95A981652236F99D9"
    "B681CBF87837EC996C6DA04453728610D0C6DDB58B318885D7D82C7F8DEB75CE7BD4FBAA37089E6F9C6059F388838E7A"
    "00030B331EB76840910440B1B27AAEAEEB4012B7D7665238A8E3FB004B117B58",
    16,
)
U = int("CE38B9593487DA98554ED47D70A7AE5F462EF019", 16)
SECRET = int(
    "B0DC82BABCF30674AE450C0287745E7990A3381F63B387AAF271A10D233861E359B48220F7C4693C9AE12B0A6F67809F"
    "0876E2D013800D6C41BB59B6D5979B5C00A172B4A2A5903A0BDCAF8A709585EB2AFAFA8F3499B200210DCC1F10EB3394"
    "3CD67FC88A2F39A4BE5BEC4EC0A3212DC346D7E474B29EDE8A469FFECA686E5A",
    16,
)


def test_the_verifier_is_the_rfcs() -> None:
    assert RFC.verifier(X) == V


def test_the_servers_public_value_is_the_rfcs() -> None:
    assert RFC.server_public(K, V, B_PRIVATE) == B_PUBLIC


def test_the_shared_secret_is_the_rfcs() -> None:
    assert RFC.server_secret(A_PUBLIC, V, U, B_PRIVATE) == SECRET


@pytest.mark.parametrize("multiple", [0, 1, 2])
def test_a_public_value_by_which_anybody_could_get_in_is_refused(multiple: int) -> None:
    with pytest.raises(ValueError, match="zero"):
        RFC.server_secret(multiple * RFC.prime, V, U, B_PRIVATE)


def test_the_vectors_multiplier_is_what_sha_1_makes_of_the_group() -> None:
    """That the numbers above were copied right."""
    width = (RFC.prime.bit_length() + 7) // 8
    made = hashlib.sha1(RFC.prime.to_bytes(width, "big") + RFC.generator.to_bytes(width, "big")).digest()
    assert int.from_bytes(made, "big") == K


def test_the_first_of_the_rfcs_key_derivations() -> None:
    """RFC 5869, A.1."""
    made = hkdf(bytes.fromhex("0b" * 22), bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert made.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"


def test_the_rfcs_key_derivation_without_salt_and_info() -> None:
    """RFC 5869, A.3."""
    made = hkdf(bytes.fromhex("0b" * 22), b"", b"", 42)
    assert made.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"


@pytest.mark.parametrize(("number", "written"), [(0x7F, "7f"), (0x80, "0080"), (0x1FF, "01ff"), (0xFFFF, "00ffff")])
def test_a_number_is_written_as_twos_complement(number: int, written: str) -> None:
    assert padded(number).hex() == written
