import { touch } from './branches.ts';
import type { Context } from './context.ts';
import { tensorShape } from './layer-members.ts';
import { toTensors } from './layers.ts';
import { addToSequential, expand, nodesOf, pop } from './models.ts';
import type { ArrayValue, Call, ModelValue, TensorValue, Value } from './values.ts';
import { isLayer, isModel, unknown } from './values.ts';

/** Methods of models that only run or train them. */
const training: ReadonlySet<string> = new Set(['compile', 'fit', 'fitDataset', 'trainOnBatch']);

export function modelMethod(context: Context, model: ModelValue, name: string, call: Call): Value {
  if (training.has(name)) model.trained = true;
  switch (name) {
    case 'add':
      addToSequential(context, model, call.args[0], call.node);
      return undefined;
    case 'pop':
      pop(context, model);
      return undefined;
    case 'apply':
    case 'call': {
      const outputs = expand(context, model, toTensors(context, call.args[0], call.node), call.node);
      const [only] = outputs;
      return only && outputs.length === 1 ? only : { kind: 'array', born: ++context.clock, elements: outputs };
    }
    case 'getLayer':
      return getLayer(context, model, call.args);
    case 'compile':
    case 'summary':
    case 'build':
    case 'dispose':
      return undefined;
    default:
      return unknown(`what \`${name}()\` of a model returns is not known here`);
  }
}

function getLayer(context: Context, model: ModelValue, args: readonly Value[]): Value {
  const [name, index] = args;
  const layers = layersOf(context, model).elements;
  const position = typeof name === 'number' ? name : index;
  if (typeof name === 'string') {
    const named = layers.find(l => (isLayer(l) || isModel(l)) && l.name === name);
    return named ?? unknown(`no layer of the model is known to have the name '${name}'`);
  }
  const found = typeof position === 'number' ? layers[position] : undefined;
  return found ?? unknown('which layer of the model is meant is not known here');
}

/** `model.layers`. */
function layersOf(context: Context, model: ModelValue): ArrayValue {
  const elements: Value[] = [];
  if (model.type === 'sequential') {
    for (let item = model.top; item; item = item.below) elements.push(item.layer);
    elements.reverse();
  } else {
    const nodes = nodesOf(context, model);
    for (const layer of new Set(nodes.map(node => node.within[0] ?? node.layer))) elements.push(layer);
  }
  context.budget.spend(elements.length);
  return { kind: 'array', born: ++context.clock, elements };
}

export function modelProperty(context: Context, model: ModelValue, key: string): Value {
  switch (key) {
    case 'layers':
      return layersOf(context, model);
    case 'name':
      return model.name ?? unknown('the name that TensorFlow.js gives to a model is not known here');
    case 'trainable':
      return model.trainable ?? true;
    case 'inputs':
    case 'outputs':
      return { kind: 'array', born: ++context.clock, elements: [...model[key]] };
    case 'input':
    case 'output':
      return single(context, model[`${key}s`], tensor => tensor);
    case 'inputShape':
    case 'outputShape':
      return single(context, key === 'inputShape' ? model.inputs : model.outputs, t => tensorShape(context, t));
    default:
      return unknown(`the member \`${key}\` of a model is not known here`);
  }
}

function single(context: Context, tensors: readonly TensorValue[], view: (tensor: TensorValue) => Value): Value {
  const values = tensors.map(view);
  if (values.length === 0) return unknown('the model has no layers yet');
  return values.length === 1 ? values[0] : { kind: 'array', born: ++context.clock, elements: values };
}

export function setModelProperty(context: Context, model: ModelValue, key: string, value: Value): void {
  if (key !== 'trainable') return;
  touch(context, model);
  model.trainable = value !== false;
}
