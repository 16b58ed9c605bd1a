"""The shapes of packages: a library of one noun, its tests, a service."""

_CMOCKA = "//deploy/bazel/sys:cmocka"
_BANNED = "//services/common/banned"

# Functions that do not compile here; see the header.
_COPTS = ["-include", "services/common/banned/banned.h"]

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

def roost_test(name, srcs = None, deps = [], size = "small", **kwargs):
    """One cmocka program: NAME.c unless srcs are given."""
    native.cc_test(
        name = name,
        srcs = [name + ".c"] if srcs == None else srcs,
        copts = _COPTS,
        deps = deps + [_BANNED, _CMOCKA],
        size = size,
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

def roost_fuzz_tests(deps, **kwargs):
    """For each NAME_fuzz.c of the package a test that feeds it the files of testdata/NAME_fuzz."""
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
