"""clang_tidy_aspect: clang-tidy over the C files of a target, cached like a compilation.

bazel build --config=tidy //...
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "C_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# gcc's, unknown to clang.
_DROPPED = ["-fno-canonical-system-headers", "-Wno-free-nonheap-object"]

# One function at a time: across functions the analyzer does not know that an output is written
# whenever no error is returned, and reports each of them as not initialised.
_ADDED = ["-Wno-unknown-warning-option", "-Xclang", "-analyzer-config", "-Xclang", "ipa=none"]

def _flags(ctx, compilation):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.conlyopts + ctx.rule.attr.copts,
        include_directories = compilation.includes,
        quote_include_directories = compilation.quote_includes,
        system_include_directories = compilation.system_includes,
        preprocessor_defines = compilation.defines,
    )
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = C_COMPILE_ACTION_NAME,
        variables = variables,
    )
    return [flag for flag in flags if flag not in _DROPPED] + _ADDED

def _tidy(ctx, source, compilation):
    mark = ctx.actions.declare_file("%s.%s.tidy" % (ctx.label.name, source.basename))

    # cmocka's asserts do not return, which the analyzer cannot see.
    checks = "--checks=-clang-analyzer-core.*" if source.basename.endswith("_test.c") else ""
    ctx.actions.run_shell(
        command = "config=$1 mark=$2 source=$3 checks=$4 && shift 4 && " +
                  '/usr/bin/clang-tidy --quiet --config-file="$config" $checks "$source" -- "$@" ' +
                  '2> "$mark.log" || { cat "$mark.log" >&2; exit 1; } && : > "$mark"',
        arguments = [ctx.file._config.path, mark.path, source.path, checks] + _flags(ctx, compilation),
        inputs = depset([source, ctx.file._config], transitive = [compilation.headers]),
        outputs = [mark],
        mnemonic = "ClangTidy",
        use_default_shell_env = True,
    )
    return mark

def _impl(target, ctx):
    if not CcInfo in target or not hasattr(ctx.rule.attr, "srcs") or target.label.workspace_name:
        return [OutputGroupInfo(tidy = depset())]
    sources = [file for src in ctx.rule.attr.srcs for file in src.files.to_list()]
    compilation = target[CcInfo].compilation_context
    return [OutputGroupInfo(tidy = depset([
        _tidy(ctx, source, compilation)
        for source in sources
        if source.is_source and source.extension == "c"
    ]))]

clang_tidy_aspect = aspect(
    _impl,
    fragments = ["cpp"],
    attrs = {
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
    },
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
