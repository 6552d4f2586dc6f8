import { neverCancelled } from '../reader.ts';
import { decodeModel } from './decode.ts';
import { convertModel } from './from-proto.ts';
import type { OnnxGraph, OnnxTensor, TensorData } from './model.ts';

export interface OnnxWeight {
  /** As stored, row-major: a convolution's kernel is [filters, inChannels / groups, ...kernelSize]. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/**
 * Reads stored tensors of an ONNX model: initializers by their name, the tensors of Constant nodes by the name of the
 * node's output, as `WeightRef.name` has them. The values are copied out of `bytes`.
 *
 * @param names the tensors wanted; all initializers where absent.
 * @throws Error with a sentence for the user: the bytes are no ONNX model, a name is not there, or a tensor is stored
 *   outside the file, has no numbers, or does not hold as many values as its shape says.
 */
export function readOnnxWeights(bytes: Uint8Array, names?: Iterable<string>): Map<string, OnnxWeight> {
  const proto = decodeModel(bytes, neverCancelled);
  if (typeof proto === 'string') throw new Error(proto);
  const { model } = convertModel(proto, neverCancelled);
  const initializers = new Map<string, OnnxTensor>();
  for (const tensor of model.graph.initializers) {
    // Of two with one name the first counts, as for the graph.
    if (!initializers.has(tensor.name)) initializers.set(tensor.name, tensor);
  }
  const weights = new Map<string, OnnxWeight>();
  if (names === undefined) {
    for (const [name, tensor] of initializers) weights.set(name, read(tensor));
    return weights;
  }
  const constants = constantTensors(model.graph);
  for (const name of names) {
    const tensor = initializers.get(name) ?? constants.get(name);
    if (!tensor) throw new Error(`The model holds no tensor named '${name}'.`);
    weights.set(name, read(tensor));
  }
  return weights;
}

function read(tensor: OnnxTensor): OnnxWeight {
  return { shape: tensor.dims, data: tensor.read() };
}

function constantTensors(graph: OnnxGraph): ReadonlyMap<string, OnnxTensor> {
  const tensors = new Map<string, OnnxTensor>();
  for (const { opType, domain, outputs, attributes } of graph.nodes) {
    if (opType !== 'Constant' || domain !== '') continue;
    for (const attribute of attributes.values()) {
      if (attribute.type === 'tensor') tensors.set(outputs[0] ?? '', attribute.value);
    }
  }
  return tensors;
}
