#!/bin/sh
# A changed route shows up in a review: `bazel run //:format` writes the list anew.
exec diff -u gateway/testdata/routes.golden gateway/routes.txt
