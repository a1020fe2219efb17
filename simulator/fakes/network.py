"""``network`` for the VM: a station and a W5500 whose status a test sets, with the port's rules about who may connect.

``wlan.script`` is what ``status()`` will say, one for each question; the last one stays. ``calls`` is what was asked.
"""

STA_IF = 0
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
PHY_W5500 = 102
ETH_INITIALIZED = 0
ETH_STARTED = 1
ETH_STOPPED = 2
ETH_CONNECTED = 3
ETH_DISCONNECTED = 4
ETH_GOT_IP = 5

calls = []
lan_state = ETH_INITIALIZED
wlan_state = STAT_IDLE
wlan_signal = -60
heard = [(b"hall", b"\x00" * 6, 6, -60, 3, False)]  # what a scan finds
_country = None


def country(code):
    global _country
    _country = code


class WLAN:
    PM_NONE = 0

    def __init__(self, interface=STA_IF):
        self._active = False

    def active(self, on):
        if _country is None:
            raise ValueError("a country is set before the radio")
        self._active = on

    def config(self, **settings):
        calls.append(("config", settings))

    def connect(self, ssid, password):
        global wlan_state
        if not self._active or wlan_state == STAT_CONNECTING:
            raise OSError("Wifi Internal Error")
        calls.append(("connect", ssid, password))
        wlan_state = STAT_CONNECTING

    def disconnect(self):
        global wlan_state
        calls.append(("disconnect",))
        wlan_state = STAT_IDLE

    def scan(self):
        if not self._active:
            raise OSError("STA must be active")
        return heard

    def isconnected(self):
        return wlan_state == STAT_GOT_IP

    def status(self, what=None):
        return wlan_signal if what == "rssi" else wlan_state


class LAN:
    def __init__(self, id, *, phy_type, phy_addr, spi, cs, int):
        if phy_type != PHY_W5500 or int is None:
            raise OSError("esp_eth_driver_install failed with invalid argument")
        self.pins = (cs.gpio, int.gpio)
        self._active = False
        calls.append(("lan", spi.id, cs.gpio, int.gpio))

    def active(self, on):
        self._active = on
        calls.append(("lan active", on))

    def isconnected(self):
        return lan_state >= ETH_CONNECTED  # also without a cable

    def status(self):
        return lan_state if self._active else ETH_STOPPED
