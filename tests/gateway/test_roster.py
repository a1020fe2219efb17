"""The store knows whoever is enrolled, also after it began anew."""

from tests.gateway.desk import poll


def test_an_empty_database_is_told_of_everybody(desk):
    desk.enrol("w1")
    desk.service.devices()
    poll(lambda: desk.rows("SELECT window FROM windows") == [("A1",)])
    desk.keeper.stop()  # or it brings the row back out of the other database
    desk.store.replace(desk.store.generation)
    poll(lambda: desk.rows("SELECT window FROM windows") == [("A1",)])
    poll(lambda: desk.rows("SELECT id FROM outbox"), lambda: "central hears of its certificate again")
