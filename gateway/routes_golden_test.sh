#!/bin/sh
# A changed route shows up in a review: accept it with
#   cp .bazel/bin/gateway/routes.txt gateway/testdata/routes.golden
exec diff -u gateway/testdata/routes.golden gateway/routes.txt
