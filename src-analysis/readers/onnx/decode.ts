import { fromBinary } from '@bufbuild/protobuf';
import { type CancellationToken, throwIfCancelled } from '../reader.ts';
import { type ModelProto, ModelProtoSchema } from './generated/onnx_pb.ts';
import { findWireFault, type WireFault } from './wire.ts';

/** What files that are taken for ONNX often are, by their first bytes. */
const signatures: readonly { readonly offset: number; readonly bytes: string; readonly is: string }[] = [
  {
    offset: 0,
    bytes: 'version https://git-lfs',
    is: 'a Git LFS pointer: fetch the model itself with "git lfs pull"',
  },
  { offset: 0, bytes: 'PK\x03\x04', is: 'a ZIP archive (PyTorch or Keras save such files): export the model to ONNX' },
  { offset: 0, bytes: '\x89HDF', is: 'an HDF5 file (Keras saves such files): export the model to ONNX' },
  { offset: 0, bytes: '\x1f\x8b', is: 'compressed with gzip: decompress it first' },
  { offset: 0, bytes: '\x80\x02', is: 'a Python pickle (PyTorch saves such files): export the model to ONNX' },
  { offset: 4, bytes: 'TFL3', is: 'a TensorFlow Lite model' },
  { offset: 4, bytes: 'ORTM', is: 'a model in ONNX Runtime’s own format: use the .onnx file it was made from' },
  { offset: 0, bytes: '<?xml', is: 'XML' },
  {
    offset: 0,
    bytes: '<!',
    is: 'a web page, as a download gives that did not reach the file: download the model again',
  },
  {
    offset: 0,
    bytes: '<html',
    is: 'a web page, as a download gives that did not reach the file: download the model again',
  },
  { offset: 0, bytes: '{', is: 'JSON text' },
  { offset: 0, bytes: '<\n', is: 'text' },
  { offset: 0, bytes: 'ir_version:', is: 'protobuf text: convert the model to binary ONNX' },
];

/**
 * Bytes of a `.onnx` file → the decoded model, or one sentence saying what the bytes are or what is wrong with them.
 * Tensors stay undecoded views of `bytes`.
 */
export function decodeModel(bytes: Uint8Array, cancel: CancellationToken): ModelProto | string {
  throwIfCancelled(cancel);
  if (bytes.length === 0) return 'The file is empty; an ONNX model was expected.';
  const known = signatures.find(signature => startsWith(bytes, signature.offset, signature.bytes));
  if (known) return `This is not a binary ONNX model but ${known.is}.`;
  const fault = findWireFault(ModelProtoSchema, bytes, cancel);
  if (fault) return faultSentence(fault, bytes.length);
  throwIfCancelled(cancel);
  const model = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false });
  if (!model.graph) return 'This is not an ONNX model: it holds no graph.';
  return model;
}

function startsWith(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function faultSentence(fault: WireFault, length: number): string {
  switch (fault.kind) {
    case 'truncated':
      return fault.position < 2
        ? 'This is not an ONNX model: its bytes are not a protobuf message.'
        : `The file ends too early: ${fault.missing} of its bytes are missing after byte ${length}. Export or download the model again.`;
    case 'malformed':
      return fault.position < 2
        ? 'This is not an ONNX model: its bytes are not a protobuf message.'
        : `The file is damaged or not an ONNX model: it cannot be read from byte ${fault.position} on. Export or download the model again.`;
    case 'tooMany':
      return 'The model has more nodes, attributes and names than Leaklint reads; it was not read.';
    case 'tooDeep':
      return 'The model’s subgraphs are nested more deeply than Leaklint reads; it was not read.';
  }
}
