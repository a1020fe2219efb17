"""The way to the network: Wi-Fi, or a W5500 on SPI. Each says whether it is up; asking it keeps it going.

Being away from the network is no reason to restart anything but the connection.
"""

import time

import network
from micropython import const

_TRY_MS = const(10000)  # then DHCP asks too rarely to be back within 10 s: joining anew asks at once
_REST_MS = const(2000)  # without a rest some access points answer "wrong password" for ever


class Wifi:
    """A station. The password is in no text that leaves this object."""

    def __init__(self, ssid: str, password: str):
        network.country("CN")  # channels 12 and 13
        self._access = (ssid, password)
        self._wlan = wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.config(pm=wlan.PM_NONE)  # else a receipt waits for the next beacon
        self._resting = True
        self._since = time.ticks_add(time.ticks_ms(), -_REST_MS)

    def up(self) -> bool:
        """Whether there is an address. Ask often: this also starts the next attempt."""
        wlan = self._wlan
        now = time.ticks_ms()
        if wlan.isconnected() and wlan.status() == network.STAT_GOT_IP:
            self._resting = False
            self._since = now
            return True
        age_ms = time.ticks_diff(now, self._since)
        if self._resting and age_ms >= _REST_MS:
            self._since = now
            self._resting = False
            try:
                wlan.connect(*self._access)
            except OSError:
                self._resting = True  # "Wifi Internal Error": it is busy; again after a rest
        elif not self._resting and age_ms >= _TRY_MS:
            # the driver tries again by itself, but not always for ever; connect() while it tries is an error
            wlan.disconnect()
            self._since = now
            self._resting = True
        return False

    def rssi(self) -> int | None:
        """Strength of the signal in dBm, or None."""
        return self._wlan.status("rssi") if self._wlan.isconnected() else None


class Lan:
    """A W5500. It keeps its state over a restart of ours, so it is reset; it does not work without its interrupt."""

    def __init__(self, spi, cs, interrupt, rst):
        rst(0)
        time.sleep_ms(1)
        rst(1)
        time.sleep_ms(60)
        # the stubs know neither spi nor its pins
        self._lan = network.LAN(0, phy_type=network.PHY_W5500, phy_addr=0, spi=spi, cs=cs, int=interrupt)  # type: ignore
        self._lan.active(True)

    def up(self) -> bool:
        """Whether there is an address; ``isconnected`` may say so without a cable."""
        return self._lan.status() == network.ETH_GOT_IP

    def rssi(self) -> int | None:
        """There is no radio."""
        return None
