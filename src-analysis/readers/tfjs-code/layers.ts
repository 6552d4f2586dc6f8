import type ts from 'typescript';
import type { Op, Shape } from '../../model/graph.ts';
import { describeLayer, type LayerDescription } from '../tfjs-layers/build.ts';
import { classNameOf } from '../tfjs-layers/catalogue.ts';
import { isUnknown as isUnknownConfig, type LayerConfig } from '../tfjs-layers/config.ts';
import { declaredInputShape } from '../tfjs-layers/input.ts';
import { BudgetSpent, limits } from './budget.ts';
import { toLayerConfig } from './config-values.ts';
import type { Context, Why } from './context.ts';
import { noteCondition, placeOf, quote, sentence } from './context.ts';
import { describeCustomLayer } from './custom-layers.ts';
import { receiver } from './properties.ts';
import { stateInput, stateOutput } from './stated.ts';
import type { ApplyNode, ArrayValue, LayerValue, ModelValue, TensorValue, Value } from './values.ts';
import { isArray, isLayer, isObject, isTensor, isUnknown, shapeOf } from './values.ts';

/** Class of the layers that stand for something that could not be followed. */
const unknownClass = '';

/** Class of operations on tensors that are no layer of `tf.layers`. */
export const operationClass = 'Operation';

/** The value of `tf.layers.<factory>(argument)`. */
export function makeLayer(context: Context, factory: string, argument: Value, site: ts.Node): LayerValue {
  const parts = partsOf(argument);
  return registerLayer(context, factory, classNameOf(factory) ?? factory, toLayerConfig(context, argument), {
    site,
    parts,
  });
}

/** A layer that nobody writes as one: an operation on tensors, at its call. */
export function makeConfiguredLayer(
  context: Context,
  type: string,
  className: string,
  config: LayerConfig,
  site: ts.Node,
): LayerValue {
  return registerLayer(context, type, className, config, { site, operation: true });
}

/** Applies a layer whose description is known. */
export function applyDescribed(
  context: Context,
  layer: LayerValue,
  inputs: readonly TensorValue[],
  description: LayerDescription,
): ApplyNode {
  return addNode(context, layer, inputs, description, []);
}

/** Layers among the values of a configuration. */
function partsOf(argument: Value): LayerValue[] {
  if (!isObject(argument)) return [];
  const values = ['layer', 'cell', 'cells'].map(key => argument.entries.get(key));
  return values.flatMap(value => (isArray(value) ? value.elements : [value])).filter(isLayer);
}

/** An instance of a class of the user's own that extends a layer class. */
export function makeCustomLayer(
  context: Context,
  className: string,
  argument: Value,
  site: ts.Node,
  instance: NonNullable<LayerValue['custom']>,
): LayerValue {
  return registerLayer(context, className, className, toLayerConfig(context, argument), { site, custom: instance });
}

function registerLayer(
  context: Context,
  type: string,
  className: string,
  config: LayerConfig,
  {
    site,
    custom,
    operation,
    parts = [],
    implicit = false,
  }: Partial<Pick<LayerValue, 'site' | 'custom' | 'operation' | 'parts' | 'implicit'>>,
): LayerValue {
  const layer: LayerValue = {
    kind: 'layer',
    born: ++context.clock,
    type,
    className,
    config,
    name: typeof config.name === 'string' && config.name !== '' ? config.name : undefined,
    site,
    place: site && placeOf(context, site),
    trainable: undefined,
    used: implicit,
    parts,
    ...(operation && { operation }),
    implicit,
    nodes: [],
    ...(custom && { custom }),
  };
  context.layers.push(layer);
  return layer;
}

/** Applies a layer to tensors: one more node of the graph. */
export function applyLayer(
  context: Context,
  layer: LayerValue,
  inputs: readonly TensorValue[],
  within: readonly ModelValue[] = [],
): ApplyNode {
  stateInput(context, layer, inputs);
  const shapes = inputs.map(shapeOf);
  const described = describe(context, layer, shapes);
  const description = inputs.length === 0 ? stateOutput(context, layer, described) : described;
  if (description.problems.length === 0 || !inputs.some(tensor => tensor.several)) {
    return addNode(context, layer, inputs, description, within);
  }
  // How many inputs there are is not known: what is wrong with this number may be right with another one.
  return addNode(context, layer, inputs, { ...describe(context, layer, [...shapes, null]), problems: [] }, within);
}

function describe(context: Context, layer: LayerValue, inputShapes: readonly Shape[]): LayerDescription {
  if (layer.custom) return describeCustomLayer(context, layer, layer.custom, inputShapes);
  const [first] = layer.nodes;
  const isOpaque = layer.className === unknownClass || layer.className === operationClass;
  if (!isOpaque || !first) return describeLayer(layer.className, layer.config, inputShapes);
  const joined = first.description.outputShapes[0] != null ? commonShape(inputShapes) : null;
  return opaque(first.description.op, [joined]);
}

/** The shape that all of these are; null when they differ. */
function commonShape(shapes: readonly Shape[]): Shape {
  const [first] = shapes;
  return first && shapes.every(shape => JSON.stringify(shape) === JSON.stringify(first)) ? first : null;
}

function addNode(
  context: Context,
  layer: LayerValue,
  inputs: readonly TensorValue[],
  description: LayerDescription,
  within: readonly ModelValue[],
): ApplyNode {
  context.budget.spend(4 + inputs.length);
  if (context.applications >= limits.applications) {
    throw new BudgetSpent(`it makes more than ${limits.applications.toLocaleString('en')} layers`);
  }
  const node = { id: context.applications++, layer, inputs, description, within };
  layer.nodes.push(node);
  return node;
}

/** Description of something that is known by its shapes only. */
export function opaque(op: Op, outputShapes: readonly Shape[]): LayerDescription {
  return { op, outputShapes, weights: [], trainable: true, problems: [] };
}

/** The tensors that a node yields: one, or a list of several. */
export function outputOf(context: Context, node: ApplyNode): TensorValue | ArrayValue {
  const tensors = outputsOf(node);
  const [first] = tensors;
  if (first && tensors.length === 1) return first;
  return { kind: 'array', born: ++context.clock, elements: tensors };
}

export function outputsOf(node: ApplyNode): TensorValue[] {
  return node.description.outputShapes.map((_, output) => ({ kind: 'tensor', node, output }));
}

function firstOutput(node: ApplyNode): TensorValue {
  return { kind: 'tensor', node, output: 0 };
}

/** The value of `tf.input(argument)`. */
export function makeInput(context: Context, argument: Value, site: ts.Node): TensorValue {
  const layer = registerLayer(context, 'input', 'InputLayer', toLayerConfig(context, argument), { site });
  return firstOutput(applyLayer(context, layer, []));
}

/** The input that nobody writes: a sequential model makes it for its first layer, whose call is `site`. */
export function makeImplicitInput(context: Context, config: LayerConfig, site: ts.Node | undefined): TensorValue {
  const layer = registerLayer(context, 'input', 'InputLayer', config, { site, implicit: true });
  return firstOutput(applyLayer(context, layer, []));
}

/** The configuration of the input that a layer declares for itself; undefined if it declares none. */
export function inputConfig(layer: LayerValue): LayerConfig | undefined {
  const { className, config } = layer;
  const shape = declaredInputShape(className, config);
  if (shape === undefined) return undefined;
  if (config.batchInputShape != null) return { batchInputShape: config.batchInputShape };
  if (config.inputShape != null) return { inputShape: config.inputShape };
  const dims = className === 'Dense' ? config.inputDim : config.inputLength;
  return { inputShape: isUnknownConfig(dims) ? [dims] : shape };
}

/** A tensor that comes from somewhere that is not followed. */
export function unknownTensor(context: Context, reason: string, site: ts.Node | undefined): TensorValue {
  return unknownLayerOn(context, reason, site, [], [null]);
}

/** Something that is not understood and stands where a layer is expected. */
export function unknownLayerOn(
  context: Context,
  reason: string,
  site: ts.Node | undefined,
  inputs: readonly TensorValue[],
  outputShapes: readonly Shape[] = [null],
  type = 'unknown',
): TensorValue {
  const layer = registerLayer(context, type, unknownClass, {}, { site });
  const description = opaque({ kind: 'unknown', reason: sentence(reason) }, outputShapes);
  return firstOutput(addNode(context, layer, inputs, description, []));
}

/** What follows branches that yield different tensors: unknown, with their shape where they have the same one. */
export function joinTensors(
  context: Context,
  tensors: readonly TensorValue[],
  complete: boolean,
  why: Why,
): TensorValue {
  noteCondition(context, why);
  const shape = complete ? commonShape(tensors.map(shapeOf)) : null;
  return unknownLayerOn(context, why.clause, why.node, tensors, [shape], 'condition');
}

/** Tensors among the argument of `apply`; what is none of them becomes an unknown one. */
export function toTensors(context: Context, given: Value, site: ts.Node): TensorValue[] {
  const argument = receiver(given);
  if (!isArray(argument)) return [toTensor(context, argument, site, true)];
  return argument.elements.map(element =>
    toTensor(context, element, site, isUnknown(element) && element.spread === true),
  );
}

function toTensor(context: Context, value: Value, site: ts.Node, several: boolean): TensorValue {
  if (isTensor(value)) return value;
  if (!isUnknown(value)) {
    return unknownTensor(context, `${quote(site)} is not applied to a tensor that is known here`, site);
  }
  noteCondition(context, value);
  const tensor = unknownTensor(context, value.reason, value.site ?? site);
  return several ? { ...tensor, several } : tensor;
}
