"""The blocks of the circuit, in the order of their sheets."""

from hardware.circuit import clock, display, mcu, network, power, service, sound, stars

BLOCKS = (
    power.BLOCK,
    mcu.BLOCK,
    stars.BLOCK,
    display.BLOCK,
    network.BLOCK,
    clock.BLOCK,
    sound.BLOCK,
    service.BLOCK,
)
