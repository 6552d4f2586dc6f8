import type { Node } from 'jsonc-parser';
import type { Range } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import type { LayerConfig } from '../tfjs-layers/config.ts';
import { elements, numberOf, property, rangeOf, stringOf, toRecord } from './tree.ts';

/** Output `output` of the `call`-th application of a layer, as a model.json refers to it. */
export interface Reference {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
  readonly range: Range;
}

export interface LayerSpec {
  readonly name: string;
  readonly className: string;
  readonly config: LayerConfig;
  /** The references of each application. */
  readonly calls: readonly (readonly Reference[])[];
  /** Present where the layer is itself a model. */
  readonly model?: ModelSpec;
  /** The token that names the class. */
  readonly range: Range;
  readonly fullRange: Range;
}

export interface ModelSpec {
  readonly name: string;
  /** A chain of layers without references. */
  readonly sequential: boolean;
  readonly layers: readonly LayerSpec[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
  readonly range: Range;
  readonly fullRange: Range;
}

const modelClasses = new Set(['Sequential', 'Model', 'Functional']);

/** True for `{"class_name": "Sequential" | "Model" | "Functional", "config": …}`. */
export function isModel(node: Node | undefined): boolean {
  return modelClasses.has(stringOf(property(node, 'class_name')) ?? '') && property(node, 'config') !== undefined;
}

/** Reads the model that `isModel` recognised. */
export function readModel(node: Node, errors: ReadError[]): ModelSpec {
  const classNode = property(node, 'class_name') ?? node;
  const config = property(node, 'config');
  const sequential = stringOf(classNode) === 'Sequential';
  // Keras 1 wrote the layers of a sequential model as the configuration itself.
  const layersNode = config?.type === 'array' ? config : property(config, 'layers');
  const range = rangeOf(classNode);
  if (layersNode?.type !== 'array') errors.push({ message: 'This model has no array of layers.', range });
  return {
    name: stringOf(property(config, 'name')) ?? 'model',
    sequential,
    layers: elements(layersNode).flatMap(layer => readLayer(layer, sequential, errors) ?? []),
    inputs: sequential ? [] : references(property(config, 'input_layers')),
    outputs: sequential ? [] : references(property(config, 'output_layers')),
    range,
    fullRange: rangeOf(node),
  };
}

function readLayer(node: Node, sequential: boolean, errors: ReadError[]): LayerSpec | undefined {
  const classNode = property(node, 'class_name');
  const className = stringOf(classNode);
  if (classNode === undefined || className === undefined) {
    errors.push({ message: 'A layer needs a class_name.', range: rangeOf(node) });
    return undefined;
  }
  const config = property(node, 'config');
  const name = stringOf(property(node, 'name')) ?? stringOf(property(config, 'name'));
  if (name === undefined && !sequential) {
    errors.push({ message: `This ${className} layer needs a name.`, range: rangeOf(classNode) });
    return undefined;
  }
  const inbound = property(node, 'inbound_nodes');
  return {
    name: name ?? className,
    className,
    config: config?.type === 'object' && !isModel(node) ? adapt(className, toRecord(config)) : {},
    calls: elements(inbound).map(call => (isReference(call) ? references(call) : collect(call))),
    ...(isModel(node) ? { model: readModel(node, errors) } : {}),
    range: rangeOf(classNode),
    fullRange: rangeOf(node),
  };
}

/** Keras 3 renamed the slope of LeakyReLU. */
function adapt(className: string, config: LayerConfig): LayerConfig {
  if (className !== 'LeakyReLU' || !Object.hasOwn(config, 'negativeSlope')) return config;
  return { alpha: config.negativeSlope, ...config };
}

/** `["name", call, output]`, with or without keyword arguments. */
function isReference(node: Node): boolean {
  const [name, call, output] = elements(node);
  return name?.type === 'string' && call?.type === 'number' && output?.type === 'number';
}

/** Inputs or outputs of a model: one reference, a list of them or (Keras 3) an object of them. */
function references(node: Node | undefined): readonly Reference[] {
  return node === undefined ? [] : collect(node);
}

/**
 * All references in an application, in order: lists of `[name, call, output, kwargs]` as Keras 2 and TensorFlow.js
 * write them, or `{args, kwargs}` with `__keras_tensor__` objects as Keras 3 does.
 */
function collect(node: Node): readonly Reference[] {
  if (isReference(node)) return [toReference(node), ...elements(node).slice(3).flatMap(collect)];
  if (node.type === 'array') return elements(node).flatMap(collect);
  if (node.type !== 'object') return [];
  const history = property(property(node, 'config'), 'keras_history');
  if (history !== undefined) return isReference(history) ? [toReference(history)] : [];
  return (node.children ?? []).flatMap(child => (child.children?.[1] ? collect(child.children[1]) : []));
}

function toReference(node: Node): Reference {
  const [name, call, output] = elements(node);
  const layer = stringOf(name) ?? '';
  return { layer, call: numberOf(call) ?? 0, output: numberOf(output) ?? 0, range: rangeOf(name ?? node) };
}
