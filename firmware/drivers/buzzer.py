"""The buzzer: one tone, the same for every star."""

from machine import PWM
from micropython import const

_HZ = const(2700)  # where small passive buzzers are loudest
_HALF = const(32768)


class Buzzer:
    """On an output pin; silent at first."""

    def __init__(self, pin):
        self._pwm = PWM(pin, freq=_HZ, duty_u16=0)

    def sound(self, on: bool) -> None:
        """Start or end the tone."""
        self._pwm.duty_u16(_HALF if on else 0)
