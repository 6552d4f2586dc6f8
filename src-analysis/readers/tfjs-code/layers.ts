import type ts from 'typescript';
import type { Op, Shape } from '../../model/graph.ts';
import { describeLayer, type LayerDescription } from '../tfjs-layers/build.ts';
import { classNameOf } from '../tfjs-layers/catalogue.ts';
import { isUnknown as isUnknownConfig, type LayerConfig } from '../tfjs-layers/config.ts';
import { declaredInputShape } from '../tfjs-layers/input.ts';
import { touch } from './branches.ts';
import { BudgetSpent, limits } from './budget.ts';
import { callFunction } from './calls.ts';
import { toLayerConfig } from './config-values.ts';
import type { Context, Why } from './context.ts';
import { quote, sentence } from './context.ts';
import type {
  ApplyNode,
  ArrayValue,
  Call,
  LayerValue,
  ModelValue,
  ObjectValue,
  TensorValue,
  UnknownValue,
  Value,
} from './values.ts';
import { dimOf, isArray, isTensor, isUnknown, shapeOf, unknown } from './values.ts';

/** Class of the layers that stand for something that could not be followed. */
const unknownClass = '';

/** The value of `tf.layers.<factory>(argument)`. */
export function makeLayer(context: Context, factory: string, argument: Value, site: ts.Node): LayerValue {
  return registerLayer(context, factory, classNameOf(factory) ?? factory, toLayerConfig(context, argument), site);
}

/** An instance of a class of the user's own that extends a layer class. */
export function makeCustomLayer(
  context: Context,
  className: string,
  argument: Value,
  site: ts.Node,
  instance: ObjectValue,
): LayerValue {
  return registerLayer(context, className, className, toLayerConfig(context, argument), site, instance);
}

function registerLayer(
  context: Context,
  type: string,
  className: string,
  config: LayerConfig,
  site: ts.Node | undefined,
  custom?: ObjectValue,
  implicit = false,
): LayerValue {
  const layer: LayerValue = {
    kind: 'layer',
    born: ++context.clock,
    type,
    className,
    config,
    name: typeof config.name === 'string' && config.name !== '' ? config.name : undefined,
    site,
    trainable: undefined,
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
  const shapes = inputs.map(shapeOf);
  return addNode(context, layer, inputs, describe(context, layer, shapes), within);
}

function describe(context: Context, layer: LayerValue, inputShapes: readonly Shape[]): LayerDescription {
  if (layer.custom) return describeCustomLayer(context, layer, layer.custom, inputShapes);
  const [first] = layer.nodes;
  if (layer.className !== unknownClass || !first) return describeLayer(layer.className, layer.config, inputShapes);
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
function opaque(op: Op, outputShapes: readonly Shape[]): LayerDescription {
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
  const layer = registerLayer(context, 'input', 'InputLayer', toLayerConfig(context, argument), site);
  return firstOutput(applyLayer(context, layer, []));
}

/** The input that nobody writes: a sequential model makes it for its first layer, whose call is `site`. */
export function makeImplicitInput(context: Context, config: LayerConfig, site: ts.Node | undefined): TensorValue {
  const layer = registerLayer(context, 'input', 'InputLayer', config, site, undefined, true);
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
  const layer = registerLayer(context, type, unknownClass, {}, site);
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
  const shape = complete ? commonShape(tensors.map(shapeOf)) : null;
  return unknownLayerOn(context, why.clause, why.node, tensors, [shape], 'condition');
}

/** Tensors among the argument of `apply`; what is none of them becomes an unknown one. */
export function toTensors(context: Context, argument: Value, site: ts.Node): TensorValue[] {
  if (isTensor(argument)) return [argument];
  if (isArray(argument)) return argument.elements.flatMap(element => toTensors(context, element, site));
  if (isUnknown(argument)) return [unknownTensor(context, argument.reason, site)];
  return [unknownTensor(context, `${quote(context, site)} is not applied to a tensor that is known here`, site)];
}

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
      return outputOf(context, applyLayer(context, layer, toTensors(context, call.args[0], call.node)));
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

export function setLayerProperty(context: Context, layer: LayerValue, key: string, value: Value): void {
  if (key !== 'trainable') return;
  touch(context, layer);
  layer.trainable = value !== false;
}

/** A custom layer is not understood; its output shape is, where its `computeOutputShape` can be followed. */
function describeCustomLayer(
  context: Context,
  layer: LayerValue,
  instance: ObjectValue,
  inputShapes: readonly Shape[],
): LayerDescription {
  const reason = `\`${layer.type}\` is a layer class of this project's own, whose computation is not analysed`;
  const compute = instance.madeBy && findMethod(instance.madeBy, 'computeOutputShape');
  let shape: Shape = null;
  if (compute) {
    const shapes = inputShapes.map(input => shapeValue(context, input));
    const [only] = shapes;
    const argument: Value =
      only && shapes.length === 1 ? only : { kind: 'array', born: ++context.clock, elements: shapes };
    const result = callFunction(context, compute, instance, [argument], compute.node);
    if (isArray(result) && result.elements.every(e => !isArray(e))) shape = result.elements.slice(1).map(dimOf);
  }
  return opaque({ kind: 'unknown', reason: sentence(reason) }, [shape]);
}

function shapeValue(context: Context, shape: Shape): Value {
  if (!shape) return unknown('the input shape of the layer is not known here');
  const dims = shape.map(dim => dim ?? unknown('a dimension of the input is not known here'));
  return { kind: 'array', born: ++context.clock, elements: [null, ...dims] };
}

function findMethod(owner: NonNullable<ObjectValue['madeBy']>, name: string) {
  const own = owner.methods.get(name);
  if (own) return own;
  const { base } = owner;
  return typeof base === 'object' && base?.kind === 'class' ? base.methods.get(name) : undefined;
}
