#!/bin/sh
# Prints the path of a program that an npm package brings; installs it at the first use.
#   npm_tool.sh @bufbuild/buf 1.50.0 buf
set -eu
package=$1
version=$2
program=$3

cache=${XDG_CACHE_HOME:-${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}/.cache}
folder=$cache/roost-tools/$program-$version
if [ ! -x "$folder/node_modules/.bin/$program" ]; then
    mkdir -p "$folder"
    npm install --silent --no-audit --no-fund --no-save --prefix "$folder" "$package@$version" >&2
fi
echo "$folder/node_modules/.bin/$program"
