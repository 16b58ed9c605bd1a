#!/bin/sh
# protobuf-c 1.4 generates proto3 `optional` well but does not say so; protoc refuses it without this answer:
# field 2 of CodeGeneratorResponse, supported_features = FEATURE_PROTO3_OPTIONAL.
/usr/bin/protoc-gen-c && printf '\020\001'
