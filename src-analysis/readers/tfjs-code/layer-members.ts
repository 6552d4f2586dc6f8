import { touch } from './branches.ts';
import type { Context } from './context.ts';
import { applyLayer, outputOf, outputsOf, toTensors } from './layers.ts';
import type { ArrayValue, Call, LayerValue, TensorValue, UnknownValue, Value } from './values.ts';
import { isArray, isObject, isTensor, shapeOf, unknown } from './values.ts';

/** `layer.name`, `layer.output` and the like; undefined stands for a member this file knows nothing about. */
export function layerProperty(context: Context, layer: LayerValue, key: string): Value {
  switch (key) {
    case 'name':
      return layer.name ?? unknown('the name that TensorFlow.js gives to a layer is not known here');
    case 'trainable':
      return layer.trainable ?? layer.config.trainable !== false;
    case 'input':
    case 'output':
    case 'inputShape':
    case 'outputShape':
      return layerTensor(context, layer, key);
    default: {
      const own = layer.custom?.entries.get(key);
      return own ?? unknown(`the member \`${key}\` of a layer is not known here`);
    }
  }
}

function layerTensor(context: Context, layer: LayerValue, key: string): Value {
  const node = layer.nodes.at(-1);
  if (!node) return unknown('the layer is not applied to anything yet');
  const tensors = key.startsWith('input') ? node.inputs : outputsOf(node);
  const values = key.endsWith('Shape') ? tensors.map(tensor => tensorShape(context, tensor)) : [...tensors];
  const [only] = values;
  return only && values.length === 1 ? only : { kind: 'array', born: ++context.clock, elements: values };
}

/** A shape as user code sees it, with the batch axis. */
export function tensorShape(context: Context, tensor: TensorValue): ArrayValue | UnknownValue {
  const shape = shapeOf(tensor);
  if (!shape) return unknown('the shape of the tensor is not known here');
  const dims = shape.map((dim, axis) => dim ?? unknown(`dimension ${axis} of the tensor is not known here`));
  return { kind: 'array', born: ++context.clock, elements: [null, ...dims] };
}

export function layerMethod(context: Context, layer: LayerValue, name: string, call: Call): Value {
  switch (name) {
    case 'apply':
    case 'call':
      if (layer.className === 'InputLayer') return outputOf(context, layer.nodes[0] ?? applyLayer(context, layer, []));
      return outputOf(
        context,
        applyLayer(context, layer, [...toTensors(context, call.args[0], call.node), ...initialState(call)]),
      );
    case 'getClassName':
      return layer.className;
    case 'getInputAt':
    case 'getOutputAt': {
      const node = typeof call.args[0] === 'number' ? layer.nodes[call.args[0]] : undefined;
      if (!node) return unknown('the layer is not applied that often');
      return name === 'getOutputAt'
        ? outputOf(context, node)
        : { kind: 'array', born: ++context.clock, elements: [...node.inputs] };
    }
    default:
      return unknown(`what \`${name}()\` of a layer returns is not known here`);
  }
}

/** Recurrent layers take their first state in the second argument: those tensors are inputs, too. */
function initialState({ args }: Call): TensorValue[] {
  const options = args[1];
  const state = isObject(options) ? options.entries.get('initialState') : undefined;
  return isArray(state) ? state.elements.filter(isTensor) : isTensor(state) ? [state] : [];
}

export function setLayerProperty(context: Context, layer: LayerValue, key: string, value: Value): void {
  if (key !== 'trainable') return;
  touch(context, layer);
  layer.trainable = value !== false;
}
