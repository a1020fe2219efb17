"""A hall and a device for the tests of the simulator."""

import itertools

import pytest

from simulator.device import SimDevice
from simulator.provisioning import provision
from tests.simulator.gateway_twin import GatewayTwin

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def _hall(tmp_path_factory):
    hall = GatewayTwin(tmp_path_factory.mktemp("hall"))
    yield hall
    hall.close()


@pytest.fixture
def hall(_hall):
    _hall.receipts = True
    _hall.clock_ms = _hall.hold_ms = 0
    _hall.errors.clear()
    return _hall


@pytest.fixture
def device(hall, tmp_path, request):
    """An enrolled device, powered on; a parameter is added to its environment."""
    name = f"dev-{next(_numbers)}"
    environment = getattr(request, "param", {})
    device = SimDevice(tmp_path / name, ("127.0.0.1", hall.port), environment=environment)
    provision(device.folder, lambda csr: hall.enroll(name, csr), environment)
    with device:
        yield device
