"""The memory of kids that an issuer does not have: a minute long, and bounded (B-35)."""

from authmux.verifying.absent_kids import AbsentKids


def test_a_kid_is_absent_for_a_minute() -> None:
    """B-35: for sixty seconds a kid that is absent is not asked for again."""
    kids = AbsentKids()
    assert not kids.knows("k", now=0)
    kids.note("k", now=0)
    assert (kids.knows("k", now=59.9), kids.knows("k", now=60), kids.knows("other", now=1)) == (True, False, False)


def test_new_keys_forget_it() -> None:
    """B-35: when the issuer has told its keys again, every kid may be among them."""
    kids = AbsentKids()
    kids.note("k", now=0)
    kids.forget()
    assert not kids.knows("k", now=1)


def test_a_forked_child_begins_anew() -> None:
    """B-41: a child has a memory of its own, whose lock nobody holds."""
    kids = AbsentKids()
    kids.note("k", now=0)
    kids.after_fork()
    assert not kids.knows("k", now=1)


def test_memory_is_bounded() -> None:
    """B-35: of the kids of a flood, the last 512 are remembered."""
    kids = AbsentKids()
    for number in range(2000):
        kids.note(f"k{number}", now=0)
    assert sum(kids.knows(f"k{number}", now=1) for number in range(2000)) == 512
    assert kids.knows("k1999", now=1)
