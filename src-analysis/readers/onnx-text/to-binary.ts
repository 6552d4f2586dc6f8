import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../onnx/generated/onnx_pb.ts';
import { neverCancelled } from '../reader.ts';
import { parseOnnxText } from './parse.ts';

/**
 * ONNX text as the bytes of a `.onnx` file.
 * @throws Error with a sentence for the user where the text has a mistake: half a model would be another model.
 */
export function onnxTextToBinary(text: string): Uint8Array {
  const { model, errors } = parseOnnxText(text, neverCancelled);
  if (errors[0]) throw new Error(errors[0].message);
  return toBinary(ModelProtoSchema, model);
}
