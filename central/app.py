"""The web application of central: a list of routes over one store and one reader."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from central import handing_down, keyring, policies, problem, tokens
from central.accounts import Accounts
from central.centre import Centre
from central.clock import Clock
from central.defaults import Defaults
from central.feedback import Feedback
from central.imports import Imports
from central.intake import Intake
from central.office import Office
from central.paper import Papers
from central.raters import Raters
from central.read import Reader
from central.reveals import Reveals
from central.routes import contact, corrections, events, figures, handlings, login, mine, page, ratings, read, register
from central.routes import reveals as reveal_routes
from central.routes import worklist as worklist_routes
from central.scheduler import Scheduler
from central.settings import Settings
from central.store import Store
from central.worklist import Worklist

#: In the order of the OpenAPI document.
ROUTERS = (
    events.router,
    corrections.router,
    ratings.router,
    register.router,
    login.router,
    handlings.router,
    mine.router,
    reveal_routes.router,
    figures.router,
    read.router,
    page.router,
    contact.router,
    worklist_routes.router,
)
ROUTES = [route for router in ROUTERS for route in router.routes]


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """An app on its own database, which is opened and migrated now: what cannot work fails here, not at a request.

    ``clock`` is the host's unless a test or a replay turns one by hand; then limits fire when ``office.run_due`` is
    called, and not by themselves.

    Raises SettingsError if the database cannot be used.
    """
    store = Store(settings)
    reader = Reader(settings)
    hands = clock or Clock()
    office = Office(store, settings, hands)
    reveals = Reveals(store, settings, keyring.load(keyring.path_of(settings)), hands)
    reveals.warn_of_lost_keys()
    defaults = Defaults(store, hands, lambda: office.calendar, settings.counting)
    scheduler = Scheduler(office, hands, (reveals.erase, defaults.run_due))
    keys = tokens.load(tokens.path_of(settings))
    if settings.policy:
        chosen = policies.in_force(settings.policy, settings.policy_overrides).policy
        handing_down.hand_down(store, chosen, hands.now_ms())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if clock is None:
            scheduler.start()
        yield
        if clock is None:
            await run_in_threadpool(scheduler.stop)
        reader.close()
        store.close()

    # no generated documentation pages: they load scripts from elsewhere. And the routes as they are: an app that
    # includes a router makes each of its routes anew, which takes longer than all the rest
    app = FastAPI(title="hcp central", lifespan=lifespan, openapi_url=None, routes=ROUTES)
    app.state.routes = ROUTES
    app.state.settings = settings
    app.state.clock = hands
    app.state.office = office
    app.state.store = store
    app.state.defaults = defaults
    app.state.intake = Intake(store, keys, hands, lambda: office.calendar, settings.counting)
    app.state.papers = Papers(store, hands)
    app.state.imports = Imports(store, hands)
    app.state.centre = Centre(store, keys, hands)
    app.state.feedback = Feedback(store, hands)
    app.state.raters = Raters(store, keys, hands)
    app.state.accounts = Accounts(store, app.state.clock)
    app.state.reveals = reveals
    app.state.reader = reader
    app.state.worklist = Worklist(store, office, hands, {hall.id: hall.name for hall in settings.halls})
    problem.install(app)
    login.install(app)
    return app
