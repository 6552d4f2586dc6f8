import type ts from 'typescript';
import { type LayerConfig, unknown as unknownConfig } from '../tfjs-layers/config.ts';
import { addGap, forEither, touch } from './branches.ts';
import type { Context } from './context.ts';
import { noteCondition, placeOf, quote, whyOf } from './context.ts';
import { applyLayer, inputConfig, makeImplicitInput, outputsOf, unknownLayerOn, unknownTensor } from './layers.ts';
import { receiver, usableAlternatives } from './properties.ts';
import type { Activation } from './scope.ts';
import type { ApplyNode, LayerValue, ModelValue, StackItem, TensorValue, UnknownValue, Value } from './values.ts';
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
    place: placeOf(context, site),
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
export function addToSequential(context: Context, model: ModelValue, added: Value, site: ts.Node): void {
  context.budget.spend(2);
  const value = isUnknown(added) && added.spread ? added : receiver(added);
  if (isLayer(value)) push(context, model, value, applyNext(context, model, value));
  else if (isModel(value)) addModel(context, model, value, site);
  else if (isUnknown(value)) addUnknown(context, model, value, site);
  else addUnknown(context, model, unknown('what is added here is not a layer that is known'), site);
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
  // A list that leaves out what is false may hold nothing in its place; anywhere else only a layer can be added.
  noteCondition(context, value);
  const alternatives = value.spread ? (value.alternatives ?? []) : usableAlternatives(value);
  if (alternatives.some(alternative => isLayer(alternative) || isModel(alternative))) {
    forEither(context, alternatives, whyOf(value, site), alternative => {
      if (alternative) addToSequential(context, model, alternative, site);
      return undefined;
    });
    return;
  }
  const input = model.outputs[0] ?? giveInput(context, model, openInput(value.reason), site);
  push(context, model, value, unknownLayerOn(context, value.reason, value.site ?? site, [input]));
}

function setInputs(context: Context, model: ModelValue, inputs: readonly TensorValue[]): void {
  touch(context, model);
  model.inputs = inputs;
}

function push(context: Context, model: ModelValue, layer: StackItem['layer'], output: TensorValue): void {
  touch(context, model);
  if (isLayer(layer)) layer.used = true;
  model.top = { below: model.top, layer, output, height: (model.top?.height ?? 0) + 1 };
  model.outputs = [output];
}

/** `model.pop()`. */
export function pop(context: Context, model: ModelValue): void {
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
  if (isArray(value) && value.elements.length > 0 && !value.elements.some(isArray)) {
    return value.elements.flatMap(element => endpoints(context, model, element, what, site));
  }
  if (isUnknown(value)) noteCondition(context, value);
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
  const inputs = node.inputs.map(({ node: source, output, several }) => {
    const tensor = made.get(source)?.[output] ?? unknownTensor(context, 'a layer before it is not known', site);
    return several ? { ...tensor, several } : tensor;
  });
  return outputsOf(applyLayer(context, node.layer, inputs, [model, ...node.within]));
}

/** A model handed to code that is not followed, before it is complete: layers may be added there. */
export function noteEscape(context: Context, args: readonly Value[], node: ts.Node): void {
  for (const value of args) {
    if (!isModel(value) || value.type !== 'sequential' || value.top) continue;
    const clause = `the model has no layers yet where ${quote(node)} gets it, which is not followed`;
    addGap(context, value, { clause, node });
  }
}
