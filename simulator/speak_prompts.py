"""Speak the device's prompts into firmware/voice/, with espeak-ng and sox: ``python -m simulator.speak_prompts``.

The files are kept in the tree, so nobody needs the two programs to build. A hall that prefers a person's voice puts
its own recording in their place on the device: 16 kHz, 16 bits, one channel. No prompt speaks of a level: there is one
for the question and one for the thanks, whichever star it was (docs/adr/0005, DESIGN promise 6).
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VOICE = Path(__file__).resolve().parent.parent / "firmware" / "voice"
#: Name of the file → what is said.
PROMPTS = {"rate": "请您评价", "thanks": "评价已提交，谢谢您"}
_WORDS_PER_MINUTE = "190"
#: Cut the silence at both ends, leave headroom, end softly.
_EFFECTS = "silence 1 0.02 0.5% reverse silence 1 0.02 0.5% reverse norm -6 pad 0.05 0.1 fade 0.01".split()


def main() -> int:
    for program in ("espeak-ng", "sox"):
        if shutil.which(program) is None:
            print(f"speak_prompts: {program} is missing; on Debian: apt install espeak-ng sox", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory() as folder:
        for name, words in PROMPTS.items():
            raw = f"{folder}/{name}.wav"
            subprocess.run(  # noqa: S603 - our own words
                ["espeak-ng", "-v", "cmn", "-s", _WORDS_PER_MINUTE, "-w", raw, words],  # noqa: S607
                check=True,
            )
            subprocess.run(  # noqa: S603
                ["sox", "-R", raw, "-r", "16000", "-b", "16", "-c", "1", str(VOICE / f"{name}.wav"), *_EFFECTS],  # noqa: S607
                check=True,
            )
            print(f"firmware/voice/{name}.wav  {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
