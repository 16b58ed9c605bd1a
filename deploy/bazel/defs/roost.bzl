"""The shapes of packages: a library of one noun, its tests, a service."""

load("//deploy/bazel/defs:codegen.bzl", "roost_sql")

_CMOCKA = "//deploy/bazel/sys:cmocka"
_BANNED = "//services/common/banned"

# Functions that do not compile here; see the header.
_COPTS = ["-include", "services/common/banned/banned.h"]

# What every service is built of.
_FRAME = [
    "//proto:google_types_pbc",
] + ["//services/common/" + noun for noun in [
    "address",
    "arena",
    "bulk",
    "clock",
    "config",
    "error",
    "list",
    "log",
    "message",
    "metrics",
    "outbox",
    "pg",
    "redis",
    "request_log",
    "rpc",
    "saga",
    "service",
]]

_NOT_LIBRARY = ["*_test.c", "*_fuzz.c", "main.c"]

def roost_library(name, srcs = None, hdrs = None, deps = [], **kwargs):
    """All .c and .h of the package but tests, fuzz targets and main.c, as one cc_library."""
    native.cc_library(
        name = name,
        srcs = native.glob(["*.c"], exclude = _NOT_LIBRARY, allow_empty = True) if srcs == None else srcs,
        hdrs = native.glob(["*.h", "*.def"], allow_empty = True) if hdrs == None else hdrs,
        copts = _COPTS,
        deps = deps + [_BANNED],
        **kwargs
    )

def roost_test(name, srcs = None, deps = [], size = "small", timeout = "moderate", **kwargs):
    """One cmocka program: NAME.c unless srcs are given. Small, but a loaded machine may take minutes."""
    native.cc_test(
        name = name,
        srcs = [name + ".c"] if srcs == None else srcs,
        copts = _COPTS,
        deps = deps + [_BANNED, _CMOCKA],
        size = size,
        timeout = timeout,
        **kwargs
    )

def roost_tests(deps, exclude = [], **kwargs):
    """One roost_test for each *_test.c of the package."""
    for src in native.glob(["*_test.c"], exclude = exclude, allow_empty = True):
        roost_test(
            name = src[:-len(".c")],
            deps = deps,
            **kwargs
        )

def roost_binary(name, srcs = ["main.c"], deps = [], **kwargs):
    native.cc_binary(
        name = name,
        srcs = srcs,
        copts = _COPTS,
        deps = deps + [_BANNED],
        **kwargs
    )

def roost_service(name, deps = [], visibility = ["//visibility:public"], **kwargs):
    """A service: NAME_sql with its test, the library NAME_lib and the program NAME.

    Tests depend on :NAME_lib. It is linked as a whole, because the generated tables in NAME_rpc
    call back into it: a handler that nobody wrote is an undefined reference.

    Args:
      name: accounts
      deps: beyond the frame, the service's own messages and what these bring
      visibility: of the program and of NAME_sql; the library is nobody else's
      **kwargs: for the library
    """
    roost_sql(
        name = name + "_sql",
        visibility = visibility,
    )
    roost_test(
        name = name + "_sql_test",
        srcs = ["//services/common/testing:statements.c"],
        local_defines = [
            "SCHEMA=" + name,
            "STATEMENTS=%s_sql_all" % name,
            "MIGRATIONS=%s_migrations" % name,
            "N_MIGRATIONS=%s_n_migrations" % name,
        ],
        deps = [
            ":%s_sql" % name,
            "//services/common/pg",
            "//services/common/testing",
        ],
    )
    roost_library(
        name = name + "_lib",
        alwayslink = True,
        visibility = ["//visibility:private"],
        deps = depset(deps + [
            ":%s_sql" % name,
            "//proto:%s_pbc" % name,
            "//proto:%s_rpc" % name,
        ] + _FRAME).to_list(),
        **kwargs
    )
    roost_binary(
        name = name,
        visibility = visibility,
        deps = [":%s_lib" % name],
    )

def roost_fuzz_tests(deps, **kwargs):
    """For each NAME_fuzz.c of the package a test that feeds it the files of testdata/NAME_fuzz.

    With --config=fuzz NAME_fuzz_run is the same under libFuzzer, for as long as one likes.
    """
    for src in native.glob(["*_fuzz.c"]):
        name = src[:-len(".c")]
        corpus = native.glob(["testdata/%s/**" % name])
        roost_test(
            name = name,
            srcs = [src],
            args = ["$(location %s)" % file for file in corpus],
            data = corpus,
            deps = deps + [
                "//services/common/fuzz",
                "//services/common/fuzz:replay",
            ],
            **kwargs
        )
        roost_binary(
            name = name + "_run",
            testonly = True,
            srcs = [src],
            linkopts = ["-fsanitize=fuzzer"],
            tags = ["manual"],
            deps = deps + ["//services/common/fuzz"],
        )
