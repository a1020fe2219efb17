"""Pins by net, and how the buses run. Written by `python -m hcp.pinout` from hardware/pinout.toml.

All but BTN are integers, which go into the code where they are named and cost a device nothing."""

BTN = (4, 5, 6, 7, 15)  # one star to five; low while pressed
LED_DATA = 16  # WS2812, through a 74AHCT1G125 to 5 V
I2C_SDA = 8  # DS3231
I2C_SCL = 18
TFT_CS = 10  # ST7789 or ILI9341
TFT_DC = 9
TFT_MOSI = 11
TFT_SCK = 12
TFT_BL = 13  # PWM
TFT_RST = 14
I2S_BCLK = 17  # MAX98357A
I2S_LRCLK = 21
I2S_DOUT = 2
AMP_SD = 1  # low: the amplifier sleeps
BUZZER = 48  # PWM
ETH_CS = 39  # W5500; may be left out
ETH_SCK = 40
ETH_MOSI = 41
ETH_MISO = 42
ETH_INT = 38  # the driver does not work without it
ETH_RST = 47

TFT_HOST = 1
TFT_HZ = 40000000

ETH_HOST = 2

I2C_HOST = 0
I2C_HZ = 400000
I2C_DS3231 = 104

STARS_COUNT = 5
STARS_BRIGHTEST = 64
STARS_ZERO_HIGH_NS = 400
STARS_ZERO_LOW_NS = 850
STARS_ONE_HIGH_NS = 800
STARS_ONE_LOW_NS = 450

BUZZER_HZ = 2700
BUZZER_DUTY_PCT = 50

BACKLIGHT_HZ = 20000
BACKLIGHT_DUTY_PCT = 75

VOICE_HZ = 16000
VOICE_BITS = 16
