"""The buzzer: one tone, the same for every star."""

from machine import PWM

from firmware.boards.pins import BUZZER_DUTY_PCT, BUZZER_HZ


class Buzzer:
    """On an output pin; silent at first."""

    def __init__(self, pin):
        self._pwm = PWM(pin, freq=BUZZER_HZ, duty_u16=0)

    def sound(self, on: bool) -> None:
        """Start or end the tone."""
        self._pwm.duty_u16(BUZZER_DUTY_PCT * 65536 // 100 if on else 0)
