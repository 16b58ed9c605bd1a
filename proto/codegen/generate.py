"""Writes the files that the build makes from the protos and from SQL.

    generate rpc     --descriptor-set SET --package roost.accounts.v1 --header H --source C
    generate client  --descriptor-set SET --package roost.accounts.v1 --header H --source C
    generate metas   --descriptor-set SET --header H --source C
    generate routes  --descriptor-set SET --header H --source C --golden TXT
    generate openapi --descriptor-set SET --json JSON
    generate sql     --prefix accounts --input accounts.sql --include PATH --header H --source C
    generate migrations --prefix accounts --include PATH --header H --source C FILE...
"""

import argparse
import pathlib
import sys

from proto.codegen import metas
from proto.codegen import model
from proto.codegen import openapi
from proto.codegen import routes
from proto.codegen import rpc
from proto.codegen import sql


def _api(args):
    return model.Api(pathlib.Path(args.descriptor_set).read_bytes())


def _write(path, text):
    pathlib.Path(path).write_text(text, encoding="utf-8")


def _rpc(args):
    api = _api(args)
    _write(args.header, rpc.rpc_header(api, args.package))
    _write(args.source, rpc.rpc_source(api, args.package))


def _client(args):
    api = _api(args)
    _write(args.header, rpc.client_header(api, args.package))
    _write(args.source, rpc.client_source(api, args.package))


def _metas(args):
    api = _api(args)
    _write(args.header, metas.header(api))
    _write(args.source, metas.source(api))


def _routes(args):
    api = _api(args)
    table = routes.table(api)
    _write(args.header, routes.header())
    _write(args.source, routes.source(table))
    _write(args.golden, routes.golden(table))


def _openapi(args):
    _write(args.json, openapi.document(_api(args)))


def _sql(args):
    text = pathlib.Path(args.input).read_text(encoding="utf-8")
    statements = sql.parse(text)
    _write(args.header, sql.header(args.prefix, statements))
    _write(args.source, sql.source(args.prefix, statements, args.include))


def _migrations(args):
    files = [pathlib.Path(file) for file in args.files]
    migrations = sql.migrations((file.stem, file.read_text(encoding="utf-8")) for file in files)
    _write(args.header, sql.migrations_header(args.prefix))
    _write(args.source, sql.migrations_source(args.prefix, migrations, args.include))


_COMMANDS = {
    "rpc": (_rpc, ["descriptor-set", "package", "header", "source"]),
    "client": (_client, ["descriptor-set", "package", "header", "source"]),
    "metas": (_metas, ["descriptor-set", "header", "source"]),
    "routes": (_routes, ["descriptor-set", "header", "source", "golden"]),
    "openapi": (_openapi, ["descriptor-set", "json"]),
    "sql": (_sql, ["prefix", "input", "include", "header", "source"]),
    "migrations": (_migrations, ["prefix", "include", "header", "source"]),
}


def main():
    parser = argparse.ArgumentParser(prog="generate")
    commands = parser.add_subparsers(required=True)
    for name, (run, options) in _COMMANDS.items():
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        for option in options:
            command.add_argument("--" + option, required=True)
        if name == "migrations":
            command.add_argument("files", nargs="*")
    args = parser.parse_args()
    try:
        args.run(args)
    except (model.ApiError, sql.SqlError) as error:
        sys.exit(f"generate: {error}")


if __name__ == "__main__":
    main()
