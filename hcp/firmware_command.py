"""``hcp firmware``: the release key, and signed releases of the device's firmware (SPEC 5.6)."""

from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import assets, release
from gateway.assets import AssetError
from gateway.enrolment import write_file
from gateway.release import ReleaseError
from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Json
from hcp.talk import answer, fail, talk

app = typer.Typer(help="固件发布：发布密钥、签名清单、核验。", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="一套固件的目录（.mpy 与素材，按评价器上的路径存放）。")]


@app.command("key")
def key_command(
    out: Annotated[Path, typer.Option(help="release.key（秘密）、release.pem 与 release_key.py 写入此目录。")],
) -> None:
    """生成发布密钥（P-256）。私钥只留在发布者的机器上；release_key.py 编入固件。已有密钥时不覆盖。"""
    path = out / "release.key"
    if path.exists():
        fail(f"{path} 已存在，不会覆盖；换一个目录，或继续使用它")
    out.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_file(path, private, secret=True)
    public = key.public_key()
    write_file(
        out / "release.pem",
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
    write_file(out / "release_key.py", release.key_module(public).encode())
    talk.print(f"写入 {out}/：release.key（秘密，请离线保管）release.pem release_key.py")


@app.command("sign")
def sign_command(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="发布私钥 release.key（PEM）。")],
    version: Annotated[int, typer.Option(min=1, help="版本号，逐次递增；评价器拒绝不高于自己的版本。")],
    needs: Annotated[int, typer.Option(min=0, help="可以升级到本版本的最低版本。")] = 0,
    board: Annotated[str, typer.Option(help="设备类型。")] = "esp32s3",
    as_json: Json = False,
) -> None:
    """为一套固件生成并签署清单 manifest.cose。"""
    try:
        manifest = release.describe(folder, board, version, needs)
        data = release.sign(manifest, _private(key))
    except ReleaseError as error:
        fail(str(error))
    write_file(folder / release.MANIFEST, data)
    _tell(manifest, release.load(folder), as_json)


@app.command("verify")
def verify_command(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="发布公钥 release.pem。")],
    as_json: Json = False,
) -> None:
    """核验一套固件：清单的签名，以及每个文件与清单一致。"""
    try:
        found = release.load(folder)
        manifest = release.opened(found.manifest, _public(key))
        actual = release.describe(folder, manifest.board, manifest.version, manifest.needs)
    except ReleaseError as error:
        fail(str(error))
    if manifest != actual:
        names = sorted({file.path for file in set(manifest.files) ^ set(actual.files)})
        fail(f"与清单不符：{' '.join(names)}；重新构建并签名，或重新取得这套固件")
    _tell(manifest, found, as_json)


@app.command("publish")
def publish_command(
    folder: Folder,
    data: Annotated[Path, typer.Option("--data", help="网关的数据目录。", envvar="HCP_GATEWAY_DATA")] = DEFAULT_DATA,
    key: Annotated[Path | None, typer.Option(help="发布公钥 release.pem：先核验签名。")] = None,
    as_json: Json = False,
) -> None:
    """把一套已签名的固件发布到本机网关，评价器即可取用。签名最终由评价器核验。"""
    try:
        if key is not None:
            release.opened(release.load(folder).manifest, _public(key))
        found = release.publish(folder, data / assets.FOLDER)
        manifest = release.read(found.manifest)
    except (ReleaseError, AssetError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"无法写入网关目录：{error}；请在网关机器上以网关的用户执行", Exit.CONFIG)
    _tell(manifest, found, as_json)


def _tell(manifest: release.Manifest, found: release.Release, as_json: bool) -> None:
    facts = {
        "board": manifest.board,
        "version": manifest.version,
        "needs": manifest.needs,
        "files": len(manifest.files),
        "bytes": sum(file.size for file in manifest.files),
        **{f"manifest_{name}" if name == "size" else name: value for name, value in found.args.items()},
    }
    if as_json:
        answer(facts)
        return
    talk.print(
        f"{manifest.board} 版本 {manifest.version}（需要 ≥ {manifest.needs}）：{facts['files']} 个文件，"
        f"{facts['bytes']} 字节；清单 SHA-256 {found.hash.hex()}"
    )


def _private(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        fail(f"找不到文件 {path}；用 hcp firmware key 生成", Exit.USAGE)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        fail(f"{path} 不是未加密的 PEM 私钥：{error}", Exit.USAGE)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        fail(f"{path} 不是 P-256 私钥", Exit.USAGE)
    return key


def _public(path: Path) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        fail(f"找不到文件 {path}", Exit.USAGE)
    except (ValueError, UnsupportedAlgorithm) as error:
        fail(f"{path} 不是 PEM 公钥：{error}", Exit.USAGE)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        fail(f"{path} 不是 P-256 公钥", Exit.USAGE)
    return key
