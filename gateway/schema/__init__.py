"""The database's structure as numbered steps: a change is a new step, an old step is never edited."""

import sqlite3

import sqlite_utils
from sqlite_utils.migrations import Migrations

from gateway.schema import (
    m001_initial,
    m002_dating,
    m003_rotations,
    m004_reports,
    m005_storage,
    m006_binding,
    m007_business_api,
    m008_upstream,
    m009_scenes,
    m010_commands,
    m011_identity,
)

STEPS = Migrations("hcp.gateway")
STEPS(name="m001_initial")(m001_initial.apply)
STEPS(name="m002_dating")(m002_dating.apply)
STEPS(name="m003_rotations")(m003_rotations.apply)
STEPS(name="m004_reports")(m004_reports.apply)
STEPS(name="m005_storage")(m005_storage.apply)
STEPS(name="m006_binding")(m006_binding.apply)
STEPS(name="m007_business_api")(m007_business_api.apply)
STEPS(name="m008_upstream")(m008_upstream.apply)
STEPS(name="m009_scenes")(m009_scenes.apply)
STEPS(name="m010_commands")(m010_commands.apply)
STEPS(name="m011_identity")(m011_identity.apply)


class NewerSchemaError(Exception):
    """The database was written by a newer version of this program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to date. Raises NewerSchemaError if it knows steps that this program does not."""
    database = sqlite_utils.Database(connection)
    ours = {step.name for step in STEPS._migrations}
    newer = sorted({step.name for step in STEPS.applied(database)} - ours)
    if newer:
        raise NewerSchemaError(f"the database has steps this version lacks: {', '.join(newer)}; install a newer hcp")
    STEPS.apply(database)
