"""So many mutated tokens, key sets and documents, from one seed: `python -m tests.oracles.campaign SEED COUNT`."""

import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from random import Random
from time import perf_counter, time
from typing import Final

from authmux.testing.signing_key import SigningKey
from tests.jose.token_maker import get_key
from tests.oracles.claim_mutations import CLAIM_MUTATIONS
from tests.oracles.doors import DIALECTS, KEY_NAMES, Door, published
from tests.oracles.drafts import Draft
from tests.oracles.drafts import dump as dumped
from tests.oracles.header_mutations import HEADER_MUTATIONS
from tests.oracles.introspection_judge import judge_answer, mutate_answer
from tests.oracles.key_judge import judge_key_set
from tests.oracles.key_mutations import mutate_key_set
from tests.oracles.metadata_judge import judge_metadata
from tests.oracles.metadata_mutations import good_metadata, mutate_metadata
from tests.oracles.score import Score
from tests.oracles.text_mutations import TEXT_MUTATIONS
from tests.oracles.token_judge import Disagreement, TokenJudge
from tests.oracles.whole_way import judge_whole_way

SHARES: Final[Mapping[str, int]] = {
    "text": 54, "unsigned": 18, "signed": 21, "key set": 3, "metadata": 2, "issuer": 1, "answer": 1,
}  # fmt: skip
"""Of a hundred: most die before any signature is looked at, which is quick; the signed ones get further."""

_QUICK_KEYS: Final = ("ES256", "EdDSA", "ES256 second", "EdDSA second")
_RENEWED_EVERY: Final = 2_000  # cases: then clocks and pool go on, as the other libraries ask the system's clock
_MOST_FINDINGS: Final = 20


class Campaign:
    """Mutates and judges.

    Arguments:
        seed: what is drawn depends on nothing else; keys and signatures are new each time.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        keys = [*published()["keys"]]
        self._random.shuffle(keys)  # no order may matter
        self._jwks = {"keys": keys}
        self._door = Door(self._jwks)
        self._judge = TokenJudge(self._door, self._jwks)
        self._pool: list[str] = []
        self._now = 0
        self.score = Score(reasons=self._judge.reasons)
        self._case: object = None
        self._kinds: Mapping[str, Callable[[], bool]] = {
            "text": self._text,
            "unsigned": self._unsigned,
            "signed": self._signed,
            "key set": self._key_set,
            "metadata": self._metadata,
            "issuer": self._whole_way,
            "answer": self._answer,
        }

    def run(self, count: int) -> Score:
        """Judge so many cases."""
        began = perf_counter()
        kinds = self._random.choices(list(SHARES), list(SHARES.values()), k=count)
        for number, kind in enumerate(kinds):
            if number % _RENEWED_EVERY == 0:
                self._renew()
            self._take(kind)
            if len(self.score.findings) >= _MOST_FINDINGS:
                break
        self.score.seconds = perf_counter() - began
        self.score.slowest = self._judge.slowest
        return self.score

    def _take(self, kind: str) -> None:
        try:
            is_accepted = self._kinds[kind]()
        except Exception as error:
            self.score.findings.append(f"{kind}: {self._case!r}\n{''.join(traceback.format_exception(error))}")
        else:
            self.score.accepted[kind] += is_accepted
        self.score.judged[kind] += 1

    def _renew(self) -> None:
        self._now = int(time())
        self._door.clock.set_wall(float(self._now))  # as clocks tell it
        self._pool = [self._draft(get_key(name)).sign() for name in KEY_NAMES for _ in range(4)]

    def _draft(self, key: SigningKey | None = None) -> Draft:
        """Return a token as its issuer would write it."""
        key = key or self._key()
        dialect = self._random.choice(DIALECTS)
        header = {"alg": key.algorithm, "kid": key.kid} | ({"typ": dialect.typ} if dialect.typ else {})
        return Draft(key=key, header=header, claims=dialect.good_claims(self._now), now=self._now)

    def _key(self) -> SigningKey:
        names = _QUICK_KEYS if self._random.random() < 0.93 else KEY_NAMES
        return get_key(self._random.choice(names))

    def _mutated_draft(self) -> Draft:
        draft = self._draft()
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            mutations = CLAIM_MUTATIONS if self._random.random() < 0.6 else HEADER_MUTATIONS
            self._random.choice(mutations)(self._random, draft)
        return draft

    def _text(self) -> bool:
        genuine = text = self._random.choice(self._pool)
        for _ in range(self._random.choice((1, 1, 1, 2))):
            text = self._random.choice(TEXT_MUTATIONS)(self._random, text) or "."
        self._case = text
        is_accepted = self._judge.judge(text, explained=self._is_explained())
        if is_accepted and text not in self._pool:
            raise Disagreement(f"authmux accepts what nobody signed; the token was {genuine}")
        return is_accepted

    def _unsigned(self) -> bool:
        draft, of = self._mutated_draft(), self._random.choice(self._pool)
        self._case = text = draft.keep_signature(of)
        is_accepted = self._judge.judge(text, explained=self._is_explained())
        if is_accepted and text not in self._pool:  # a mutation may have changed nothing
            raise Disagreement("authmux accepts what nobody signed")
        return is_accepted

    def _signed(self) -> bool:
        self._case = text = self._mutated_draft().sign()
        return self._judge.judge(text, explained=self._is_explained())

    def _is_explained(self) -> bool:
        return self._random.random() < 0.1

    def _key_set(self) -> bool:
        self._case = document = mutate_key_set(self._random, self._jwks)
        return judge_key_set(document) is not None

    def _metadata(self) -> bool:
        self._case = document = mutate_metadata(self._random)
        return judge_metadata(document) is not None

    def _answer(self) -> bool:
        self._case = answer = mutate_answer(self._random, self._draft())
        return judge_answer(answer, now=float(self._now))

    def _whole_way(self) -> bool:
        """Mutate one of the three things that a token's way depends on: it must end well, or in a refusal."""
        text = self._draft().sign() if self._random.random() < 0.5 else self._mutated_draft().sign()
        metadata = mutate_metadata(self._random) if self._random.random() < 0.3 else dumped(good_metadata())
        keys = mutate_key_set(self._random, self._jwks) if self._random.random() < 0.6 else dumped(self._jwks)
        self._case = (metadata, keys, text)
        if not judge_whole_way(metadata, keys, text, now=float(self._now)):
            return False
        if judge_key_set(keys) is None or judge_metadata(metadata) is None:
            raise Disagreement("authmux accepts a token under documents that it refuses")
        return self._judge.judge(text)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # those of the other libraries
    logging.disable()
    sys.stdout.write(Campaign(int(sys.argv[1])).run(int(sys.argv[2])).as_json())
