"""The profiles say what the rules say; how they are used is tested with the claims."""

from typing import Any

import pytest

from authmux import profiles
from authmux.profiles import AUTO, RFC9068, Profile

ALL = {name: each for name, each in vars(profiles).items() if isinstance(each, Profile)}

each_profile = pytest.mark.parametrize("profile", ALL.values(), ids=ALL)


@each_profile
def test_types_are_written_as_they_are_looked_up(profile: Profile) -> None:
    """A `typ` is listed in lower case and without `application/`, as it is compared (B-08)."""
    assert all(typ is None or (typ == typ.lower() and "/" not in typ) for typ in profile.types)


@each_profile
@pytest.mark.parametrize("typ", ["id+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "client-authentication+jwt"])
def test_other_classes_of_token_are_not_listed(profile: Profile, typ: str) -> None:
    """What says that it is another class of token is refused, because it is not in the list (B-08)."""
    assert typ not in profile.types


@pytest.mark.parametrize("profile", [AUTO, RFC9068, profiles.AUTH0, profiles.LOGTO], ids=lambda each: each.name)
def test_rfc_9068_tokens_hold_all_that_it_asks_for(profile: Profile) -> None:
    """A token that says `at+jwt` must hold every claim of RFC 9068 §2.2 (B-27)."""
    assert profile.types["at+jwt"].required == {"iss", "exp", "aud", "sub", "iat", "jti", "client_id"}


@each_profile
def test_every_token_names_issuer_expiry_and_audience(profile: Profile) -> None:
    """No profile goes below `iss`, `exp` and `aud`, but where a scope stands for the audience (B-22, B-27)."""
    least = {"iss", "exp"} if profile.audience_in_scopes else {"iss", "exp", "aud"}
    assert all(rules.required >= least for rules in profile.types.values())


def test_rfc9068_takes_no_other_type() -> None:
    """The strict profile takes tokens that say what they are, and no others (B-08)."""
    assert set(RFC9068.types) == {"at+jwt"}


def test_auto_asks_for_evidence_where_the_type_says_nothing() -> None:
    """A token that does not say `at+jwt` must show otherwise that it is an access token (B-09)."""
    assert {typ: rules.evidence for typ, rules in AUTO.types.items()} == {"at+jwt": False, "jwt": True, None: True}


@each_profile
def test_profiles_cannot_be_changed(profile: Profile) -> None:
    """A profile is shared by all verifiers, so that nobody may write to it."""
    types: Any = profile.types
    with pytest.raises(TypeError):
        types["id+jwt"] = RFC9068.types["at+jwt"]
