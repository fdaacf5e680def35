"""The user pool as Amazon's own library and pycognito see it."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from pycognito import AWSSRP, Cognito

from sandbox.cognito.operations import CLIENT, OTHER_CLIENT, POOL
from sandbox.control import SandboxControl
from sandbox.process import SandboxProcess

PASSWORD = "Korrekt-Pferd-7!"
EMAIL = "ada@example.com"


@pytest.fixture(scope="module")
def made_client(sandbox_process: SandboxProcess) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("cognito-idp", region_name="eu-west-1", endpoint_url=sandbox_process.base_url, config=config)


@pytest.fixture
def pool(made_client: Any, sandbox: SandboxControl) -> Any:
    """Amazon's client of an empty pool."""
    return made_client


def refusal(call: Callable[..., Any], **given: Any) -> str:
    """The name of the exception that a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


def newest_code(sandbox: SandboxControl) -> str:
    found = re.search(r"\d+", sandbox.outbox()[-1]["text"])
    assert found is not None
    return found[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def sign_up(pool: Any, *, email: str = EMAIL, password: str = PASSWORD) -> str:
    name = uuid.uuid4().hex
    attributes = [{"Name": "email", "Value": email}]
    pool.sign_up(ClientId=CLIENT, Username=name, Password=password, UserAttributes=attributes)
    return name


def confirmed(pool: Any, sandbox: SandboxControl) -> str:
    name = sign_up(pool)
    pool.confirm_sign_up(ClientId=CLIENT, Username=name, ConfirmationCode=newest_code(sandbox))
    return name


def sign_in(pool: Any, *, login: str = EMAIL, password: str = PASSWORD, client: str = CLIENT) -> Any:
    given = {"USERNAME": login, "PASSWORD": password}
    return pool.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)[
        "AuthenticationResult"
    ]


def test_signing_up_says_where_the_code_goes_and_sends_it(pool: Any, sandbox: SandboxControl) -> None:
    attributes = [{"Name": "email", "Value": EMAIL}]
    answer = pool.sign_up(ClientId=CLIENT, Username="u1", Password=PASSWORD, UserAttributes=attributes)
    assert answer["CodeDeliveryDetails"] == {
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": "a***@e***",
    }
    assert not answer["UserConfirmed"]
    (message,) = sandbox.outbox()
    assert set(message) == {"channel", "to", "subject", "text", "at"}
    assert (message["channel"], message["to"]) == ("email", EMAIL)


def test_the_outbox_has_the_newest_message_last(pool: Any, sandbox: SandboxControl) -> None:
    sign_up(pool)
    sign_up(pool, email="bob@example.com")
    assert [message["to"] for message in sandbox.outbox()] == [EMAIL, "bob@example.com"]


@pytest.mark.parametrize(
    ("username", "password", "attributes", "code"),
    [
        ("ada@example.com", PASSWORD, {"email": EMAIL}, "InvalidParameterException"),
        ("u1", PASSWORD, {}, "InvalidParameterException"),
        ("u1", PASSWORD, {"email": "ada"}, "InvalidParameterException"),
        ("u1", PASSWORD, {"phone_number": "0791"}, "InvalidParameterException"),
        ("u1", "short", {"email": EMAIL}, "InvalidPasswordException"),
        ("u1", "no-capitals-7!", {"email": EMAIL}, "InvalidPasswordException"),
        ("u1", "No-Digits-Here!", {"email": EMAIL}, "InvalidPasswordException"),
        ("u1", "NoSymbols77", {"email": EMAIL}, "InvalidPasswordException"),
    ],
)
def test_a_sign_up_that_breaks_the_rules_is_refused(
    pool: Any, sandbox: SandboxControl, username: str, password: str, attributes: dict[str, str], code: str
) -> None:
    given = [{"Name": name, "Value": value} for name, value in attributes.items()]
    sent = {"ClientId": CLIENT, "Username": username, "Password": password, "UserAttributes": given}
    assert refusal(pool.sign_up, **sent) == code
    assert sandbox.outbox() == []


def test_a_user_name_is_taken_once(pool: Any) -> None:
    name = sign_up(pool)
    given = {
        "ClientId": CLIENT,
        "Username": name,
        "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": EMAIL}],
    }
    assert refusal(pool.sign_up, **given) == "UsernameExistsException"


def test_an_unconfirmed_user_does_not_get_in(pool: Any) -> None:
    name = sign_up(pool)
    assert refusal(sign_in, pool=pool, login=name) == "UserNotConfirmedException"


def test_an_unconfirmed_address_leads_to_nobody(pool: Any) -> None:
    sign_up(pool)
    assert refusal(sign_in, pool=pool) == "NotAuthorizedException"


def test_the_right_code_confirms_once(pool: Any, sandbox: SandboxControl) -> None:
    name = sign_up(pool)
    given = {"ClientId": CLIENT, "Username": name, "ConfirmationCode": newest_code(sandbox)}
    pool.confirm_sign_up(**given)
    assert refusal(pool.confirm_sign_up, **given) == "NotAuthorizedException"
    assert sign_in(pool)["TokenType"] == "Bearer"


def test_an_address_can_be_confirmed_by_one_user_alone(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    second = sign_up(pool)
    given = {"ClientId": CLIENT, "Username": second, "ConfirmationCode": newest_code(sandbox)}
    assert refusal(pool.confirm_sign_up, **given) == "AliasExistsException"


def test_a_code_is_tried_five_times(pool: Any, sandbox: SandboxControl) -> None:
    name, right = sign_up(pool), newest_code(sandbox)
    given = {"ClientId": CLIENT, "Username": name}
    tried = [refusal(pool.confirm_sign_up, **given, ConfirmationCode=wrong(right)) for _ in range(6)]
    assert tried == ["CodeMismatchException"] * 5 + ["LimitExceededException"]
    assert refusal(pool.confirm_sign_up, **given, ConfirmationCode=right) == "LimitExceededException"


def test_a_code_gets_old(pool: Any, sandbox: SandboxControl) -> None:
    name, right = sign_up(pool), newest_code(sandbox)
    sandbox.cognito(ahead=86_400)
    given = {"ClientId": CLIENT, "Username": name, "ConfirmationCode": right}
    assert refusal(pool.confirm_sign_up, **given) == "ExpiredCodeException"


def test_another_code_takes_the_place_of_the_first(pool: Any, sandbox: SandboxControl) -> None:
    name, first = sign_up(pool), newest_code(sandbox)
    pool.resend_confirmation_code(ClientId=CLIENT, Username=name)
    second = newest_code(sandbox)
    given = {"ClientId": CLIENT, "Username": name}
    if first != second:
        assert refusal(pool.confirm_sign_up, **given, ConfirmationCode=first) == "CodeMismatchException"
    pool.confirm_sign_up(**given, ConfirmationCode=second)


def test_a_confirmed_user_is_sent_no_other_code(pool: Any, sandbox: SandboxControl) -> None:
    name = confirmed(pool, sandbox)
    assert refusal(pool.resend_confirmation_code, ClientId=CLIENT, Username=name) == "InvalidParameterException"


def test_pycognito_signs_in_by_srp_and_verifies_the_tokens(
    pool: Any, sandbox_process: SandboxProcess, sandbox: SandboxControl
) -> None:
    name = confirmed(pool, sandbox)
    options = {"endpoint_url": sandbox_process.base_url}
    config = Config(signature_version=UNSIGNED)
    cognito = Cognito(POOL, CLIENT, username=EMAIL, botocore_config=config, boto3_client_kwargs=options)
    cognito.authenticate(PASSWORD)
    assert cognito.access_claims["username"] == name
    assert cognito.id_claims["email"] == EMAIL
    cognito.check_token()
    cognito.renew_access_token()
    assert cognito.access_claims["token_use"] == "access"


def test_srp_refuses_a_wrong_password(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    proof = AWSSRP(EMAIL, "Wrong-Password-1!", POOL, CLIENT, client=pool)
    assert refusal(proof.authenticate_user) == "NotAuthorizedException"


def test_srp_goes_through_the_same_steps_for_a_user_who_does_not_exist(pool: Any) -> None:
    proof = AWSSRP("nobody@example.com", PASSWORD, POOL, CLIENT, client=pool)
    assert refusal(proof.authenticate_user) == "NotAuthorizedException"


def test_a_proof_is_taken_once(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    proof = AWSSRP(EMAIL, PASSWORD, POOL, CLIENT, client=pool)
    parameters = proof.get_auth_params()
    begun = pool.initiate_auth(AuthFlow="USER_SRP_AUTH", AuthParameters=parameters, ClientId=CLIENT)
    answer = proof.process_challenge(begun["ChallengeParameters"], parameters)
    given = {"ClientId": CLIENT, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answer}
    assert "AuthenticationResult" in pool.respond_to_auth_challenge(**given)
    assert refusal(pool.respond_to_auth_challenge, **given) == "NotAuthorizedException"


def test_wrong_passwords_in_a_row_lock_the_user_out_for_a_while(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    for _ in range(5):
        refusal(sign_in, pool=pool, password="Wrong-Password-1!")
    assert refusal(sign_in, pool=pool) == "NotAuthorizedException"
    sandbox.cognito(ahead=10)
    assert sign_in(pool)


@pytest.mark.parametrize("prevent", [True, False])
def test_a_user_who_does_not_exist_is_told_only_where_that_is_wanted(
    pool: Any, sandbox: SandboxControl, prevent: bool
) -> None:
    sandbox.cognito(preventUserExistenceErrors=prevent)
    expected = "NotAuthorizedException" if prevent else "UserNotFoundException"
    assert refusal(sign_in, pool=pool) == expected


@pytest.mark.parametrize(("challenge", "attribute"), [("EMAIL_OTP", "email"), ("SMS_OTP", "phone_number")])
def test_a_one_time_code_signs_in_and_its_session_is_used_up(
    pool: Any, sandbox: SandboxControl, challenge: str, attribute: str
) -> None:
    login = EMAIL if attribute == "email" else "+447911123456"
    given = [{"Name": attribute, "Value": login}]
    pool.sign_up(ClientId=CLIENT, Username="u1", UserAttributes=given)
    pool.confirm_sign_up(ClientId=CLIENT, Username="u1", ConfirmationCode=newest_code(sandbox))
    parameters = {"USERNAME": login, "PREFERRED_CHALLENGE": challenge}
    begun = pool.initiate_auth(ClientId=CLIENT, AuthFlow="USER_AUTH", AuthParameters=parameters)
    sent = {
        "ClientId": CLIENT,
        "ChallengeName": challenge,
        "Session": begun["Session"],
        "ChallengeResponses": {"USERNAME": login, f"{challenge}_CODE": newest_code(sandbox)},
    }
    assert "AuthenticationResult" in pool.respond_to_auth_challenge(**sent)
    assert refusal(pool.respond_to_auth_challenge, **sent) == "NotAuthorizedException"


def test_a_session_of_one_client_is_none_of_another(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    parameters = {"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"}
    begun = pool.initiate_auth(ClientId=CLIENT, AuthFlow="USER_AUTH", AuthParameters=parameters)
    answer = {"USERNAME": EMAIL, "EMAIL_OTP_CODE": newest_code(sandbox)}
    sent = {"ChallengeName": "EMAIL_OTP", "Session": begun["Session"], "ChallengeResponses": answer}
    assert refusal(pool.respond_to_auth_challenge, ClientId=OTHER_CLIENT, **sent) == "NotAuthorizedException"


def test_a_forgotten_password_is_set_by_a_code(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    pool.forgot_password(ClientId=CLIENT, Username=EMAIL)
    given = {"ClientId": CLIENT, "Username": EMAIL, "Password": "Neues-Pferd-8?"}
    right = newest_code(sandbox)
    assert refusal(pool.confirm_forgot_password, **given, ConfirmationCode=wrong(right)) == "CodeMismatchException"
    pool.confirm_forgot_password(**given, ConfirmationCode=right)
    assert refusal(sign_in, pool=pool) == "NotAuthorizedException"
    assert sign_in(pool, password="Neues-Pferd-8?")


def test_the_tokens_say_what_cognitos_say(pool: Any, sandbox: SandboxControl, sandbox_process: SandboxProcess) -> None:
    name = confirmed(pool, sandbox)
    signed = sign_in(pool)
    keys = jwt.PyJWKClient(f"{sandbox_process.base_url}/{POOL}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(signed["AccessToken"])
    issuer = f"{sandbox_process.base_url}/{POOL}"
    access = jwt.decode(signed["AccessToken"], key, algorithms=["RS256"], issuer=issuer)
    assert (access["token_use"], access["client_id"], access["username"]) == ("access", CLIENT, name)
    identity = jwt.decode(signed["IdToken"], key, algorithms=["RS256"], issuer=issuer, audience=CLIENT)
    assert (identity["token_use"], identity["email"], identity["email_verified"]) == ("id", EMAIL, True)
    assert identity["sub"] == access["sub"]
    assert access["exp"] - access["iat"] == signed["ExpiresIn"]


def test_a_revoked_refresh_token_ends_its_own_session_alone(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    first, second = sign_in(pool), sign_in(pool)
    pool.revoke_token(Token=first["RefreshToken"], ClientId=CLIENT)
    parameters = {"REFRESH_TOKEN": first["RefreshToken"]}
    given = {"ClientId": CLIENT, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters}
    assert refusal(pool.initiate_auth, **given) == "NotAuthorizedException"
    assert refusal(pool.get_user, AccessToken=first["AccessToken"]) == "NotAuthorizedException"
    assert pool.get_user(AccessToken=second["AccessToken"])["UserAttributes"]


def test_signing_out_everywhere_ends_all_sessions(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    first, second = sign_in(pool), sign_in(pool)
    pool.global_sign_out(AccessToken=first["AccessToken"])
    assert refusal(pool.get_user, AccessToken=second["AccessToken"]) == "NotAuthorizedException"


def test_a_refresh_token_of_another_client_is_none(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    parameters = {"REFRESH_TOKEN": sign_in(pool)["RefreshToken"]}
    given = {"ClientId": OTHER_CLIENT, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters}
    assert refusal(pool.initiate_auth, **given) == "NotAuthorizedException"


def test_an_unknown_client_is_refused(pool: Any) -> None:
    assert refusal(sign_in, pool=pool, client="nobody") == "ResourceNotFoundException"


def test_a_rotated_key_signs_and_the_one_before_is_still_published(
    pool: Any, sandbox: SandboxControl, sandbox_process: SandboxProcess
) -> None:
    confirmed(pool, sandbox)
    before = jwt.get_unverified_header(sign_in(pool)["AccessToken"])["kid"]
    sandbox.cognito(rotate=True)
    after = jwt.get_unverified_header(sign_in(pool)["AccessToken"])["kid"]
    with urlopen(f"{sandbox_process.base_url}/{POOL}/.well-known/jwks.json") as answer:
        published = answer.read().decode()
    assert before != after
    assert before in published
    assert after in published


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TooManyRequestsException"), (400, "TooManyRequestsException"), (500, "InternalErrorException")],
)
def test_a_fault_speaks_cognitos_words(pool: Any, sandbox: SandboxControl, status: int, code: str) -> None:
    sandbox.fault("status", api="Cognito", resource="InitiateAuth", status=status, times=1)
    assert refusal(sign_in, pool=pool) == code


def test_calls_are_counted_by_operation(pool: Any, sandbox: SandboxControl) -> None:
    confirmed(pool, sandbox)
    sign_in(pool)
    assert sandbox.calls()["byResource"] == {
        "Cognito.SignUp": 1,
        "Cognito.ConfirmSignUp": 1,
        "Cognito.InitiateAuth": 1,
    }


def test_users_keys_and_sessions_outlive_a_restart(tmp_path: Path) -> None:
    config = Config(signature_version=UNSIGNED)

    def client(process: SandboxProcess) -> Any:
        return boto3.client("cognito-idp", region_name="eu-west-1", endpoint_url=process.base_url, config=config)

    with SandboxProcess(tmp_path) as first:
        confirmed(client(first), first.control)
        token = sign_in(client(first))["AccessToken"]
    with SandboxProcess(tmp_path) as second:
        assert client(second).get_user(AccessToken=token)["UserAttributes"]
