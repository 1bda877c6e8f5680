"""Issue, list, roll and revoke keys and tokens: what your admin page does, or your script.

    $ pip install "authmux[sql]"
    $ eval "$(python issue_keys.py)"      # sets KEY and PAT in this shell, for the curl lines of the other examples

It works on the keys.db and the pepper/ of the current directory, as the applications do, and tells what it does:

    issued    nightly export    key    reports:read
    issued    laptop            pat    reports:read reports:write
    rolled    nightly export    key    both texts work for an hour
    revoked   lost              key    refused from the next request on
    listed    nightly export    key    active
    listed    laptop            pat    active
    listed    lost              key    revoked
"""

import sys
import time
from datetime import timedelta

from authmux import Peppers, Record, TokenFormat, TokenService, system
from authmux.stores.sql import SQLStore

store = SQLStore("sqlite:///keys.db")
store.create_schema()
service = TokenService(store, TokenFormat(prefix="acme", peppers=Peppers.file("pepper/", create=True)))
admin = system("issue_keys.py")  # the records say who did it
now = time.time()


def tell(verb: str, record: Record, remark: str) -> None:
    """Tell a person; standard output is for the shell."""
    print(f"{verb:<8}  {record.name:<18}  {record.kind}  {record.id}  {remark}", file=sys.stderr)


# A key is nobody's in particular, or a registered client's: then say client="billing".
key = service.issue_key(name="nightly export", scopes=["reports:read"], by=admin)
tell("issued", key.record, " ".join(sorted(key.record.scopes)))

# A token is a user's, and expires. One user's live tokens have different names.
grant, life = ["reports:read", "reports:write"], timedelta(days=7)
pat = service.issue_pat(user="ada", name=f"laptop {now:.3f}", scopes=grant, expires_in=life, by=admin)
tell("issued", pat.record, " ".join(sorted(pat.record.scopes)))

# Rolling gives the same key a new text. Saying which generation it replaces keeps two who roll at once from harm.
key = service.roll(key.record.id, generation=key.record.generation, overlap=timedelta(hours=1), by=admin)
tell("rolled", key.record, "both texts work for an hour")

lost = service.issue_key(name="lost", scopes=["reports:read"], by=admin)
tell("revoked", service.revoke(lost.record.id, reason="compromised", by=admin), "refused from the next request on")

for record in service.list(by=admin):
    tell("listed", record, record.state(now))

print(f"export KEY={key.text} PAT={pat.text}")  # now or never: the texts are kept nowhere
store.close()
