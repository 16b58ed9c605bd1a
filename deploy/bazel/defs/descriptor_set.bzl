"""descriptor_set: one file with some proto_librarys, all they import and the comments."""

def _impl(ctx):
    protos = [dep[ProtoInfo] for dep in ctx.attr.deps]
    out = ctx.actions.declare_file(ctx.label.name + ".pb")
    paths = depset(transitive = [proto.transitive_proto_path for proto in protos])
    sources = [file for proto in protos for file in proto.direct_sources]
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = ["--include_imports", "--include_source_info", "--descriptor_set_out=" + out.path] +
                    ["-I" + path for path in paths.to_list()] +
                    [file.path for file in sources],
        inputs = depset(transitive = [proto.transitive_sources for proto in protos]),
        outputs = [out],
        mnemonic = "DescriptorSet",
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

descriptor_set = rule(
    _impl,
    attrs = {
        "deps": attr.label_list(providers = [ProtoInfo]),
        "_protoc": attr.label(
            default = "//deploy/bazel/sys:protoc",
            executable = True,
            cfg = "exec",
        ),
    },
)
