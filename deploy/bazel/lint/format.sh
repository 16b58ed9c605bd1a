#!/bin/bash
# Formats C with clang-format, BUILD and .bzl files with buildifier, and writes the list of routes
# that reviewers read. With --check it changes nothing and fails if something is not formatted.
set -uo pipefail
failed=0
routes=$PWD/gateway/routes.txt
tool=$PWD/deploy/bazel/lint/npm_tool.sh
cd "${BUILD_WORKSPACE_DIRECTORY:?run it as: bazel run //:format}"

files() {
    git ls-files -z --cached --others --exclude-standard --deduplicate -- "$@" |
        xargs -0 -r sh -c 'for file; do [ -f "$file" ] && printf "%s\0" "$file"; done; :' files
}

if [ "${1:-}" = --check ]; then
    buildifier_mode=check
    unformatted=$(files '*.c' '*.h' | xargs -0 -r -n 1 sh -c \
        '/usr/bin/clang-format --style=file "$0" | cmp -s - "$0" || echo "$0"')
    if [ -n "$unformatted" ]; then
        printf 'not formatted: %s\n' $unformatted >&2
        failed=1
    fi
else
    buildifier_mode=fix
    files '*.c' '*.h' | xargs -0 -r /usr/bin/clang-format --style=file -i
    install -m 644 "$routes" gateway/testdata/routes.golden
fi

# The warnings that are off are about Bazel 8, where the C rules have to be loaded.
buildifier=$("$tool" @bazel/buildifier 8.2.1 buildifier) || exit 1
files 'WORKSPACE' '*BUILD' '*.bzl' | xargs -0 -r "$buildifier" -mode="$buildifier_mode" -lint=warn \
    -warnings=-native-cc-common,-native-cc-info,-native-cc-library,-native-cc-binary,-native-cc-test,-native-cc-import,-native-cc-proto,-native-cc-toolchain,-native-cc-toolchain-suite,-native-cc-objc-import,-native-cc-objc-library,-native-java-binary,-native-java-import,-native-java-library,-native-java-plugin,-native-java-runtime,-native-java-test,-native-java-toolchain,-native-sh-binary,-native-sh-test,-native-py,-native-proto,-native-proto-info,-module-docstring,-function-docstring,-function-docstring-args,-unnamed-macro || failed=1
exit "$failed"
