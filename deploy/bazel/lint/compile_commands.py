#!/usr/bin/python3
"""Writes compile_commands.json for editors: how Bazel compiles each C file. Build first."""

import json
import os
import pathlib
import subprocess

# gcc's; clangd does not know them.
DROPPED = {"-fno-canonical-system-headers", "-Wno-free-nonheap-object"}


def bazel(*args):
    return subprocess.run(["bazel", *args], check=True, stdout=subprocess.PIPE, text=True).stdout


def entry(root, arguments):
    source = arguments[arguments.index("-c") + 1]
    kept = [argument for argument in arguments if argument not in DROPPED]
    return {"directory": root, "file": source, "arguments": kept}


def main():
    os.chdir(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    root = bazel("info", "execution_root").strip()
    query = "mnemonic('CppCompile', //...)"
    graph = json.loads(bazel("aquery", query, "--output=jsonproto", "--include_artifacts=false"))
    commands = [entry(root, action["arguments"]) for action in graph["actions"]]
    pathlib.Path("compile_commands.json").write_text(json.dumps(commands, indent=1) + "\n")
    print(f"compile_commands.json: {len(commands)} files")


main()
