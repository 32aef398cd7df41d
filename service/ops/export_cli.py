"""`backprop export`: a trained network as a file of another program, on the machine of the service."""

import argparse
import sys
from pathlib import Path

from service.config import Settings
from service.errors import Misconfigured
from service.ops.keys_cli import DEFAULT
from service.ops.resource_commands import Command, opened

FORMATS = ("onnx", "safetensors", "npz", "keras", "python")  # those of `service.export.formats`, which loads NumPy


def register(command: Command) -> None:
    """Add the command; `command` makes one of `backprop`."""
    export = command("export", _export, "write a trained network as a file of another program", "data-dir")
    export.add_argument("model", help="its name")
    export.add_argument("--format", required=True, choices=FORMATS, help="of the file")
    export.add_argument("--output", type=Path, help="the new file, `-` for standard output; else it is named for you")
    export.add_argument("--version", help="a number or an alias; else `default` or the latest")
    export.add_argument("--epoch", help="the network as it was after that epoch: a number, best or last")
    export.add_argument("--tenant", default=DEFAULT, help="whose model it is; `default` if left out")


def _export(settings: Settings, options: argparse.Namespace) -> int:
    from service.export import formats
    from service.export.subject import ExportedNetwork
    from service.models.cache import ModelCache
    from service.models.loading import load_version
    from service.models.references import wanted_version
    from service.store import tenants

    with opened(settings) as services:
        with services.database.read() as connection:
            number = tenants.number_of(connection, options.tenant)
        wanted = None if options.version is None else wanted_version(options.version)
        trained = load_version(services.scoped(number), ModelCache(), options.model, wanted, options.epoch)
    exported = ExportedNetwork(
        trained.name,
        trained.version,
        trained.epoch,
        trained.network,
        trained.preprocessing,
        is_epoch=options.epoch is not None,
    )
    format = formats.FORMATS[options.format]
    data = format.write(exported)
    if options.output == Path("-"):
        sys.stdout.buffer.write(data)
        return 0
    file = options.output or Path(format.file_name(exported))
    _write(file, data)
    missing = formats.left_out(options.format, exported)
    print(f"{file} is {exported.sentence}: {len(data):,} bytes" + ("" if missing is None else f"; without {missing}"))
    return 0


def _write(file: Path, data: bytes) -> None:
    """Write a new file; one that is there stays as it is."""
    try:
        with file.open("xb") as stream:
            stream.write(data)
    except FileExistsError:
        raise Misconfigured(f"{file} exists; give another --output, or remove it first") from None
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written: {error.strerror}") from None
