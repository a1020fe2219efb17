"""Options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="网关的数据目录。", envvar="HCP_GATEWAY_DATA")]
DEFAULT_DATA = Path("hcp-data/gateway")
Json = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]
