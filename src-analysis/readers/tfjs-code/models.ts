import type ts from 'typescript';
import { type LayerConfig, unknown as unknownConfig } from '../tfjs-layers/config.ts';
import { addGap, touch } from './branches.ts';
import type { Context } from './context.ts';
import { quote } from './context.ts';
import {
  applyLayer,
  inputConfig,
  makeImplicitInput,
  outputsOf,
  tensorShape,
  toTensors,
  unknownLayerOn,
  unknownTensor,
} from './layers.ts';
import type { Activation } from './scope.ts';
import type {
  ApplyNode,
  ArrayValue,
  Call,
  LayerValue,
  ModelValue,
  StackItem,
  TensorValue,
  UnknownValue,
  Value,
} from './values.ts';
import { isArray, isLayer, isModel, isObject, isTensor, isUnknown, shapeOf, unknown } from './values.ts';

function makeModel(
  context: Context,
  type: ModelValue['type'],
  argument: Value,
  site: ts.Node,
  activation: Activation | undefined,
): ModelValue {
  const name = isObject(argument) ? argument.entries.get('name') : undefined;
  const model: ModelValue = {
    kind: 'model',
    born: ++context.clock,
    type,
    site,
    name: typeof name === 'string' && name !== '' ? name : undefined,
    maker: activation?.callee && { name: activation.callee.name, args: activation.args },
    explored: context.exploring,
    top: undefined,
    inputs: [],
    outputs: [],
    gaps: [],
    trainable: undefined,
    trained: false,
    nested: false,
  };
  context.models.push(model);
  return model;
}

/** The value of `tf.sequential(argument)`. */
export function makeSequential(context: Context, argument: Value, site: ts.Node, activation?: Activation): ModelValue {
  const model = makeModel(context, 'sequential', argument, site, activation);
  if (isUnknown(argument)) {
    if (!argument.defaults)
      addGap(context, model, { clause: `its layers are not known here: ${argument.reason}`, node: site });
  } else if (isObject(argument)) {
    const layers = argument.entries.get('layers');
    if (isArray(layers)) for (const layer of layers.elements) addToSequential(context, model, layer, site);
    else if (isUnknown(layers)) addUnknown(context, model, layers, site);
    else if (argument.open) addUnknown(context, model, argument.open, site);
  }
  return model;
}

/** `model.add(value)`. */
export function addToSequential(context: Context, model: ModelValue, value: Value, site: ts.Node): void {
  context.budget.spend(2);
  if (isLayer(value)) push(context, model, value, applyNext(context, model, value));
  else if (isModel(value)) addModel(context, model, value, site);
  else if (isUnknown(value)) addUnknown(context, model, value, site);
  else
    addUnknown(
      context,
      model,
      unknown(`what is added here is not a layer that is known: ${quote(context, site)}`),
      site,
    );
}

function applyNext(context: Context, model: ModelValue, layer: LayerValue): TensorValue {
  if (layer.className === 'InputLayer' && model.outputs.length === 0) {
    const tensor: TensorValue = { kind: 'tensor', node: applyLayer(context, layer, []), output: 0 };
    setInputs(context, model, [tensor]);
    return tensor;
  }
  const input = model.outputs[0] ?? firstInput(context, model, layer);
  return { kind: 'tensor', node: applyLayer(context, layer, [input]), output: 0 };
}

/** The input that a sequential model gives to its first layer. */
function firstInput(context: Context, model: ModelValue, layer: LayerValue): TensorValue {
  const missing = 'its first layer declares none; add `inputShape` there';
  return giveInput(context, model, inputConfig(layer) ?? openInput(missing), layer.site ?? model.site);
}

function openInput(reason: string): LayerConfig {
  return { inputShape: unknownConfig(reason) };
}

function giveInput(context: Context, model: ModelValue, config: LayerConfig, site: ts.Node): TensorValue {
  const input = makeImplicitInput(context, config, site);
  setInputs(context, model, [input]);
  return input;
}

function addModel(context: Context, model: ModelValue, nested: ModelValue, site: ts.Node): void {
  if (nested === model) {
    addUnknown(context, model, unknown('a model cannot be a layer of itself'), site);
    return;
  }
  const [own] = nested.inputs;
  const shape = own && shapeOf(own);
  const config = shape ? { inputShape: shape } : openInput('it is that of another model');
  const input = model.outputs[0] ?? giveInput(context, model, config, site);
  const [output] = expand(context, nested, [input], site);
  if (output) push(context, model, nested, output);
}

function addUnknown(context: Context, model: ModelValue, value: UnknownValue, site: ts.Node): void {
  const input = model.outputs[0] ?? giveInput(context, model, openInput(value.reason), site);
  push(context, model, value, unknownLayerOn(context, value.reason, site, [input]));
}

function setInputs(context: Context, model: ModelValue, inputs: readonly TensorValue[]): void {
  touch(context, model);
  model.inputs = inputs;
}

function push(context: Context, model: ModelValue, layer: StackItem['layer'], output: TensorValue): void {
  touch(context, model);
  model.top = { below: model.top, layer, output, height: (model.top?.height ?? 0) + 1 };
  model.outputs = [output];
}

function pop(context: Context, model: ModelValue): void {
  touch(context, model);
  model.top = model.top?.below;
  model.outputs = model.top ? [model.top.output] : [];
  if (!model.top) model.inputs = [];
}

/** The value of `tf.model({inputs, outputs, name})`. */
export function makeFunctional(context: Context, argument: Value, site: ts.Node, activation?: Activation): ModelValue {
  const model = makeModel(context, 'functional', argument, site, activation);
  if (!isObject(argument)) {
    const reason = isUnknown(argument) ? argument.reason : 'the code is unfinished here';
    addGap(context, model, { clause: `inputs and outputs of the model are not known here: ${reason}`, node: site });
    return model;
  }
  model.inputs = endpoints(context, model, argument.entries.get('inputs'), 'inputs', site);
  model.outputs = endpoints(context, model, argument.entries.get('outputs'), 'outputs', site);
  return model;
}

function endpoints(context: Context, model: ModelValue, value: Value, what: string, site: ts.Node): TensorValue[] {
  if (isTensor(value)) return [value];
  if (isArray(value)) return value.elements.flatMap(element => endpoints(context, model, element, what, site));
  const reason = isUnknown(value) ? value.reason : 'they are not tensors that are known';
  addGap(context, model, { clause: `the ${what} of the model are not known here: ${reason}`, node: site });
  return what === 'outputs' && isUnknown(value) ? [unknownTensor(context, value.reason, site)] : [];
}

/** Every application between a model's inputs and outputs, inputs first. */
export function nodesOf(context: Context, model: Pick<ModelValue, 'inputs' | 'outputs'>): ApplyNode[] {
  const inputs = new Set(model.inputs.map(tensor => tensor.node));
  const found = new Set<ApplyNode>(inputs);
  const pending = model.outputs.map(tensor => tensor.node);
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (found.has(node)) continue;
    context.budget.spend(1);
    found.add(node);
    for (const input of node.inputs) pending.push(input.node);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** Applies a model as a layer: its own applications are repeated on the new inputs. */
export function expand(
  context: Context,
  model: ModelValue,
  inputs: readonly TensorValue[],
  site: ts.Node,
): TensorValue[] {
  model.nested = true;
  const made = new Map<ApplyNode, readonly TensorValue[]>();
  for (const node of nodesOf(context, model)) {
    const position = model.inputs.findIndex(tensor => tensor.node === node);
    const given = position >= 0 ? inputs[position] : undefined;
    made.set(node, given ? [given] : repeat(context, model, node, made, site));
  }
  return model.outputs.map(
    ({ node, output }) =>
      made.get(node)?.[output] ?? unknownTensor(context, 'an output of the model is not known', site),
  );
}

function repeat(
  context: Context,
  model: ModelValue,
  node: ApplyNode,
  made: ReadonlyMap<ApplyNode, readonly TensorValue[]>,
  site: ts.Node,
): readonly TensorValue[] {
  const inputs = node.inputs.map(
    ({ node: source, output }) =>
      made.get(source)?.[output] ?? unknownTensor(context, 'a layer before it is not known', site),
  );
  return outputsOf(applyLayer(context, node.layer, inputs, [model, ...node.within]));
}

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

/** A model handed to code that is not followed, before it is complete: layers may be added there. */
export function noteEscape(context: Context, args: readonly Value[], node: ts.Node): void {
  for (const value of args) {
    if (!isModel(value) || value.type !== 'sequential' || value.top) continue;
    const clause = `the model has no layers yet where ${quote(context, node)} gets it, which is not followed`;
    addGap(context, value, { clause, node });
  }
}
