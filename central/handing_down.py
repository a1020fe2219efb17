"""Publishing the policy of this deployment to its halls (spec 9.4), at start and only if it is another one."""

from sqlalchemy import Connection, select

from central import corrections, policies
from central.core import handdown
from central.core.corrections import Kind
from central.core.policy import Policy
from central.store import Store
from central.tables import corrections as published


def hand_down(store: Store, policy: Policy, now_ms: int) -> bool:
    """Publish ``indicators`` and ``policy`` to all halls, unless the newest of each is that already. Gives whether
    anything was published."""
    handed = handdown.handed_down(policy, policies.national())
    reason = f"本部署执行《{policy.source.title}》（{policy.policy}，修订 {policy.revision}）"
    done = False
    with store.write() as connection:
        # the indicators first: a hall that knows the policy knows what it refers to
        for kind, data in ((Kind.INDICATORS, handed.indicators), (Kind.POLICY, handed.policy)):
            if _newest(connection, kind) != data["version"]:
                corrections.publish(connection, kind, data, reason, None, now_ms)
                done = True
    return done


def _newest(connection: Connection, kind: Kind) -> int | None:
    """The version of the newest that was published to all halls."""
    query = select(published.c.data).where(published.c.kind == kind, published.c.hall.is_(None))
    data = connection.execute(query.order_by(published.c.number.desc()).limit(1)).scalar()
    return data.get("version") if data else None
