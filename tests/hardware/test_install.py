"""hardware/install.sh, on machines made of a few stub programs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "hardware" / "install.sh"
#: What the script uses of an ordinary system.
ORDINARY = ("awk", "bash", "cat", "env", "grep", "rm", "sed", "sort", "tail", "tr")
PACKAGES = ("faketime", "graphviz", "librsvg2-bin", "poppler-utils", "python3-jsonschema")
LIBRARIES = ("kicad-symbols", "kicad-footprints")

DPKG_QUERY = """for name; do :; done
version=$(sed -n "s/^$name //p" "$MACHINE/installed"); [ -n "$version" ] && printf 'installed %s' "$version"
"""
APT_GET = """echo "apt-get $*" >> "$MACHINE/calls"
added="$HCP_ETC/apt/sources.list.d/haochaping-backports.sources"
case "$*" in
  *indextargets*backports*) [ ! -e "$added" ] || echo https://mirror.test/debian/ ;;
  *indextargets*) echo https://mirror.test/debian/ ;;
  *" update") [ -e "$MACHINE/has-backports" ] || [ ! -e "$added" ] ;;
  *" install "*) cat "$MACHINE/all" > "$MACHINE/installed" ;;
esac
"""


class Machine:
    """Its apt knows one mirror; ``own`` is the KiCad of its own suite, ``installed`` what it has."""

    def __init__(self, folder: Path, own: str = "6.0.11", root: bool = True, debian: bool = True) -> None:
        self.folder = folder
        self.etc = folder / "etc"
        (self.etc / "apt" / "sources.list.d").mkdir(parents=True)
        (self.etc / "os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ORDINARY:
            (self.bin / name).symlink_to(shutil.which(name) or name)
        everything = {name: "1" for name in PACKAGES} | {name: "9.0.8" for name in ("kicad", *LIBRARIES)}
        (folder / "all").write_text("".join(f"{name} {version}\n" for name, version in everything.items()))
        (folder / "installed").touch()
        (folder / "calls").touch()
        self.stub("id", f"echo {0 if root else 1000}")
        if debian:
            self.stub("dpkg-query", DPKG_QUERY)
            self.stub("dpkg", 'has="${2%%.*}" than="${4%\\~}"; [ "$has" -ge "$than" ]')
            self.stub("apt-get", APT_GET)
            self.stub("apt-cache", f"echo '  Candidate: {own}'")

    def stub(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!{self.bin}/bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def has(self, name: str) -> None:
        (self.folder / name).touch()

    def install(self) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "MACHINE": str(self.folder), "HCP_ETC": str(self.etc)}
        return subprocess.run([self.bin / "bash", SCRIPT], env=env, capture_output=True, text=True, timeout=30)

    @property
    def installs(self) -> list[list[str]]:
        calls = (self.folder / "calls").read_text().splitlines()
        return [sorted(call.split("--no-install-recommends ")[1].split()) for call in calls if " install " in call]


def test_nothing_is_done_where_everything_is_there(tmp_path):
    machine = Machine(tmp_path, root=False)
    shutil.copy(tmp_path / "all", tmp_path / "installed")
    done = machine.install()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_it_says_what_is_missing(tmp_path):
    machine = Machine(tmp_path, root=False)
    (tmp_path / "installed").write_text((tmp_path / "all").read_text().replace("kicad 9.0.8", "kicad 6.0.11"))
    done = machine.install()
    assert done.returncode == 1
    assert done.stderr == (
        "hardware/install.sh: Missing: kicad. Only root may install them: sudo hardware/install.sh\n"
    )


def test_elsewhere_than_on_debian_it_says_what_is_needed(tmp_path):
    done = Machine(tmp_path, debian=False).install()
    assert done.returncode == 1 and "This is no Debian. Install KiCad 9 with" in done.stderr


def test_a_debian_with_a_new_kicad_just_takes_it(tmp_path):
    machine = Machine(tmp_path, own="9.0.2")
    done = machine.install()
    assert done.returncode == 0, done.stderr
    assert machine.installs == [sorted(["kicad", *LIBRARIES, *PACKAGES])]
    assert not list((machine.etc / "apt" / "sources.list.d").iterdir())


ONE_LINE = "deb [arch=amd64 signed-by=/keys/debian.gpg] https://mirror.test/debian bookworm main\n"
PARAGRAPHS = """Types: deb
URIs: https://other.test/debian
Suites: bookworm
Signed-By: /keys/other.gpg

Types: deb
# a remark
URIs: https://mirror.test/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/debian.gpg
"""


@pytest.mark.parametrize(
    ("name", "text", "trust"),
    [
        ("sources.list", ONE_LINE, "Signed-By: /keys/debian.gpg\n"),
        ("sources.list.d/debian.sources", PARAGRAPHS, "Signed-By: /keys/debian.gpg\n"),
        ("sources.list", "deb https://mirror.test/debian bookworm main\n", ""),
    ],
)
def test_debian_12_takes_it_from_the_backports_beside_its_own_suite(tmp_path, name, text, trust):
    machine = Machine(tmp_path)
    machine.has("has-backports")
    (machine.etc / "apt" / name).write_text(text)
    done = machine.install()
    assert done.returncode == 0, done.stderr
    added = (machine.etc / "apt" / "sources.list.d" / "haochaping-backports.sources").read_text()
    assert added.strip() == (
        f"Types: deb\nURIs: https://mirror.test/debian/\nSuites: bookworm-backports\nComponents: main\n{trust}".strip()
    )
    wanted = [f"{name}/bookworm-backports" for name in ("kicad", *LIBRARIES)]
    assert machine.installs == [sorted([*wanted, *PACKAGES])]


def test_a_mirror_without_backports_is_left_as_it_was(tmp_path):
    machine = Machine(tmp_path)
    done = machine.install()
    assert done.returncode == 1
    assert "KiCad 9 is in bookworm-backports, and where this machine takes" in done.stderr
    assert not list((machine.etc / "apt" / "sources.list.d").iterdir())
    assert machine.installs == []


def test_another_system_with_apt_is_told_what_it_lacks(tmp_path):
    machine = Machine(tmp_path, own="7.0.11")
    (machine.etc / "os-release").write_text("ID=ubuntu\nVERSION_CODENAME=noble\n")
    done = machine.install()
    assert done.returncode == 1
    assert "KiCad 9 is needed, and this system offers 7.0.11. For Ubuntu its makers keep it" in done.stderr
    assert "ppa:kicad/kicad-9.0-releases" in done.stderr and machine.installs == []


def test_a_newer_kicad_is_refused(tmp_path):
    offers = Machine(tmp_path / "offers", own="10.0.1")
    done = offers.install()
    assert done.returncode == 1 and offers.installs == []
    assert "KiCad 9 is needed, and this system offers 10.0.1" in done.stderr
    has = Machine(tmp_path / "has")
    (has.folder / "installed").write_text((has.folder / "all").read_text().replace("kicad 9.0.8", "kicad 10.0.1"))
    done = has.install()
    assert done.returncode == 1 and has.installs == []
    assert "KiCad 10.0.1 is installed, and 9 is needed" in done.stderr


def test_small_tools_alone_need_no_backports(tmp_path):
    machine = Machine(tmp_path)
    (tmp_path / "installed").write_text((tmp_path / "all").read_text().replace("graphviz 1\n", ""))
    done = machine.install()
    assert done.returncode == 0, done.stderr
    assert machine.installs == [["graphviz"]]


def test_the_script_may_be_run():
    assert os.access(SCRIPT, os.X_OK)
