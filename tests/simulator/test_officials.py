"""The officials of the demo can sign in, each to what is theirs."""

from central import settings
from central.accounts import Accounts
from central.clock import Clock
from central.core.parties import Party
from central.halls import add_hall
from central.store import Store
from gateway.enrolment import create_authority
from simulator import officials

AUDITOR_KEY = "auditor-key-for-tests-only"


def test_each_has_a_password_and_one_hat_and_the_hall_its_institution(tmp_path):
    create_authority(tmp_path / "gateway", "demo")
    add_hall(tmp_path / "central", "demo", "示范", tmp_path / "gateway" / "pki" / "ca.pem", "k" * 24)
    made = officials.register(tmp_path / "central", AUDITOR_KEY, "demo", ["A01", "A02"])
    store = Store(settings.load(data_dir=tmp_path / "central", auditor_key=AUDITOR_KEY))
    accounts = Accounts(store, Clock())
    hats = []
    for official in made:
        token = accounts.sign_in(official.account, official.password, "127.0.0.1")
        assert isinstance(token, str)
        session = accounts.session(token)
        assert session is not None and not session.must_change
        assert session.viewer.sees(officials.CENTRE, officials.CITY, "demo")
        hats += session.viewer.hats(officials.CENTRE, officials.CITY, "demo")
    assert hats == [Party.HANDLER, Party.REVIEWER, Party.SUPERVISOR]
    assert len({official.password for official in made}) == 3
    assert all(official.password not in repr(official) for official in made)
    store.close()
