"""protobuf_c_library: C for a proto_library and all that it imports, by Debian's protobuf-c.

An aspect generates and compiles each proto once. A proto of this repository is included as
"proto/roost/accounts/v1/accounts.pb-c.h", one of a system package as "google/rpc/status.pb-c.h".
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

PbcInfo = provider(
    "The C of a proto and its imports.",
    fields = {
        "cc_info": "to compile and link with it",
        "files": "the generated sources",
    },
)

def _output_root(target, ctx):
    """Where protoc-c starts to write: the package, or the repository if import paths start there."""
    parts = [ctx.bin_dir.path, target.label.workspace_root]
    if target[ProtoInfo].proto_source_root != ".":
        parts.append(target.label.package)
    return "/".join([part for part in parts if part])

def _generate(target, ctx):
    proto = target[ProtoInfo]
    prefix = proto.proto_source_root + "/"
    if prefix == "./":
        prefix = target.label.package + "/"
    hdrs = []
    srcs = []
    for file in proto.direct_sources:
        stem = file.path[len(prefix):-len(".proto")]
        hdrs.append(ctx.actions.declare_file(stem + ".pb-c.h"))
        srcs.append(ctx.actions.declare_file(stem + ".pb-c.c"))
    words = [
        ctx.executable._protoc.path,
        "--plugin=protoc-gen-c=" + ctx.executable._plugin.path,
        "--c_out=" + _output_root(target, ctx),
    ] + [
        "-I" + path
        for path in proto.transitive_proto_path.to_list()
    ] + [file.path for file in proto.direct_sources]

    # Generated tables (proto/codegen/routes.py) point at single fields.
    public_fields = "sed -i 's/^static const ProtobufCFieldDescriptor /const ProtobufCFieldDescriptor /' "
    ctx.actions.run_shell(
        command = " ".join(words) + " && " + public_fields + " ".join([src.path for src in srcs]),
        inputs = proto.transitive_sources,
        tools = [ctx.executable._protoc, ctx.executable._plugin],
        outputs = hdrs + srcs,
        mnemonic = "ProtocC",
    )
    return hdrs, srcs

def _aspect_impl(target, ctx):
    hdrs, srcs = _generate(target, ctx)
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    imports = [dep[PbcInfo] for dep in ctx.rule.attr.deps]
    deps = [dep.cc_info for dep in imports] + [ctx.attr._runtime[CcInfo]]
    compilation, objects = cc_common.compile(
        name = target.label.name + "_pbc",
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        srcs = srcs,
        public_hdrs = hdrs,
        system_includes = [_output_root(target, ctx)],
        user_compile_flags = ["-w"],
        compilation_contexts = [dep.compilation_context for dep in deps],
    )
    linking, _ = cc_common.create_linking_context_from_compilation_outputs(
        name = target.label.name + "_pbc",
        actions = ctx.actions,
        feature_configuration = features,
        cc_toolchain = toolchain,
        compilation_outputs = objects,
        disallow_dynamic_library = True,
        linking_contexts = [dep.linking_context for dep in deps],
    )
    own = CcInfo(compilation_context = compilation, linking_context = linking)
    return [PbcInfo(
        cc_info = cc_common.merge_cc_infos(direct_cc_infos = [own], cc_infos = deps),
        files = depset(hdrs + srcs, transitive = [dep.files for dep in imports]),
    )]

_pbc_aspect = aspect(
    _aspect_impl,
    attr_aspects = ["deps"],
    fragments = ["cpp"],
    attrs = {
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_plugin": attr.label(
            default = "//deploy/bazel/sys:protoc_gen_c",
            executable = True,
            cfg = "exec",
        ),
        "_protoc": attr.label(
            default = "//deploy/bazel/sys:protoc",
            executable = True,
            cfg = "exec",
        ),
        "_runtime": attr.label(default = "//deploy/bazel/sys:protobuf_c"),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _library_impl(ctx):
    infos = [dep[PbcInfo] for dep in ctx.attr.deps]
    return [
        DefaultInfo(files = depset(transitive = [info.files for info in infos])),
        cc_common.merge_cc_infos(cc_infos = [info.cc_info for info in infos]),
    ]

protobuf_c_library = rule(
    _library_impl,
    attrs = {"deps": attr.label_list(providers = [ProtoInfo], aspects = [_pbc_aspect])},
    provides = [CcInfo],
)
