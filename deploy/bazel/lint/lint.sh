#!/bin/bash
# All checks that are not tests: format, house rules, buf lint, and clang-tidy (--no-tidy leaves
# the last, the slow one, out).
set -uo pipefail
runfiles=$PWD
workspace=${BUILD_WORKSPACE_DIRECTORY:?run it as: bazel run //:lint}
failed=0

check() {
    local name=$1
    shift
    if "$@"; then
        echo "lint: $name: ok"
    else
        echo "lint: $name: FAILED" >&2
        failed=1
    fi
}

buf_lint() {
    local buf
    buf=$("$runfiles/deploy/bazel/lint/npm_tool.sh" @bufbuild/buf 1.50.0 buf) || return 1
    "$buf" lint "$runfiles/proto/descriptor_set.pb#format=binpb" --config "$runfiles/buf.yaml"
}

tidy() {
    # Not the environment of `bazel run`.
    (cd "$workspace" && bazel build -k --config=tidy //...)
}

check format "$runfiles/deploy/bazel/lint/format" --check
check rules env -C "$workspace" /usr/bin/python3 "$runfiles/deploy/bazel/lint/rules.py"
check buf buf_lint
if [ "${1:-}" != --no-tidy ]; then
    check clang-tidy tidy
fi
exit "$failed"
