"""Sound: the voice's amplifier with its loudspeaker, and the buzzer."""

from hardware.circuit.parts import bead, capacitor, resistor, test_point
from hardware.part import Block, Part

PARTS = (
    Part(
        ref="U11", symbol="Haochaping:MAX98357A", value="MAX98357A",
        footprint="Package_DFN_QFN:TQFN-16-1EP_3x3mm_P0.5mm_EP1.23x1.23mm",
        nets={
            "DIN": "I2S_DOUT", "BCLK": "I2S_BCLK", "LRCLK": "I2S_LRCLK", "~{SD_MODE}": "AMP_SD",
            "GAIN_SLOT": "AMP_GAIN", "VDD": "+5V", "GND": "GND", "PAD": "GND", "OUTP": "AMP_P", "OUTN": "AMP_N",
        },
        sheet=(101.6, 68.58, 0), stock="max98357aete",
        notes="AMP_SD low: it sleeps (100k inside pull it low until the firmware runs); 3.3 V: left channel.",
    ),
    resistor(
        "R701", "100k", "AMP_GAIN", "+5V", (60.96, 67.31, 180),
        notes="3 dB: 0.4 W into 8 ohm at full scale, which USB bears.",
    ),
    capacitor("C701", "10uF", "+5V", (134.62, 48.26, 0), size="0805"),
    capacitor("C702", "100nF", "+5V", (147.32, 48.26, 0)),
    bead(
        "FB2", "AMP_P", "SPK_P", (134.62, 60.96, 90),
        notes="With C703 and C704: keeps the carrier off the loudspeaker's leads.",
    ),
    bead("FB3", "AMP_N", "SPK_N", (134.62, 80.01, 90)),
    capacitor("C703", "220pF", "SPK_P", (149.86, 67.31, 0)),
    capacitor("C704", "220pF", "SPK_N", (149.86, 86.36, 0)),
    Part(
        ref="J5", symbol="Connector_Generic:Conn_01x02", value="SPEAKER 8R",
        footprint="Connector_JST:JST_PH_S2B-PH-K_1x02_P2.00mm_Horizontal",
        nets={"1": "SPK_P", "2": "SPK_N"}, sheet=(177.8, 68.58, 0), stock="jst-ph-s2b-ph-k",
    ),
    Part(
        ref="BZ1", symbol="Device:Buzzer", value="passive 5V", footprint="Haochaping:Buzzer_12x9.5_RM6.5-7.6",
        nets={"1": "+5V", "2": "BUZ_D"}, sheet=(144.78, 116.84, 0), stock="buzzer-12mm-passive",
        notes="Magnetic, without an oscillator: the firmware makes the 2.7 kHz.",
    ),
    Part(
        ref="Q1", symbol="Transistor_FET:AO3400A", value="AO3400A", footprint="Package_TO_SOT_SMD:SOT-23",
        nets={"G": "BUZ_G", "S": "GND", "D": "BUZ_D"}, sheet=(121.92, 134.62, 0), stock="ao3400a",
    ),
    resistor("R702", "100R", "BUZZER", "BUZ_G", (101.6, 134.62, 90)),
    resistor("R703", "100k", "BUZ_G", "GND", (111.76, 144.78, 0), notes="Silent until the firmware runs."),
    Part(
        ref="D7", symbol="Device:D_Schottky", value="B5819W", footprint="Diode_SMD:D_SOD-123",
        nets={"K": "+5V", "A": "BUZ_D"}, sheet=(129.54, 115.57, 270), stock="b5819w",
        notes="The coil's current goes on through it.",
    ),
    test_point("TP26", "BUZZER", (210.82, 116.84, 270)),
    test_point("TP27", "SPK_P", (210.82, 124.46, 270)),
    test_point("TP28", "SPK_N", (210.82, 132.08, 270)),
)  # fmt: skip

BLOCK = Block(
    "sound",
    "Sound: voice and buzzer",
    PARTS,
    words=(
        (
            35.56,
            27.94,
            "Voice\n"
            "AMP_SD low: the amplifier sleeps, also until the firmware runs (100k inside); high: left channel.\n"
            "R701: 3 dB, 0.4 W into 8 ohm at full scale, which USB bears; left out 9 dB.\n"
            "Beads and 220 pF keep the carrier off the loudspeaker's leads.",
        ),
        (
            35.56,
            104.14,
            "Buzzer\n"
            "Magnetic, without an oscillator: the firmware makes\n"
            "the 2.7 kHz. D7 takes the coil's current over.\n"
            "R703: silent until the firmware runs.",
        ),
        (193.04, 104.14, "Test points\nOn the back, for the jig."),
    ),
)
