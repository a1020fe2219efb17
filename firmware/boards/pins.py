"""Pins of the device, by net. Written by `python -m hcp.pinout` from hardware/pinout.toml; change that."""

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
