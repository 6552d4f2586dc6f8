import type ts from 'typescript';
import type { Edge, Gap, Layer, ModelGraph, Shape } from '../../model/graph.ts';
import { type ConfigValue, isUnknown as isUnknownConfig } from '../tfjs-layers/config.ts';
import type { Context } from './context.ts';
import { rangeIn, sentence } from './context.ts';
import { nodesOf } from './models.ts';
import { calleeName, modelNameFor } from './names.ts';
import type { ApplyNode, LayerValue, ModelValue } from './values.ts';
import { shapeOf } from './values.ts';

/** The graph of a model, and what TensorFlow.js would refuse in it. */
export interface BuiltModel {
  readonly graph: ModelGraph;
  /** The layer of every entry of `graph.layers`. */
  readonly layers: readonly LayerValue[];
  readonly problems: readonly { readonly message: string; readonly layer: number }[];
}

/** Turns a model value into the graph that analysis reads. */
export function buildGraph(context: Context, model: ModelValue, name: string): BuiltModel {
  const nodes = nodesOf(context, model);
  const ids = new Map(nodes.map((node, id) => [node, id]));
  const names = nameLayers(nodes);
  const inputs = new Set(model.inputs.map(tensor => tensor.node));
  const edge = (node: ApplyNode, output: number): Edge => ({ layer: ids.get(node) ?? 0, output });
  const first = new Map<LayerValue, number>();
  const layers = nodes.map((node, id): Layer => {
    const sharedWith = first.get(node.layer);
    if (sharedWith === undefined) first.set(node.layer, id);
    return toLayer(context, model, node, id, {
      name: names[id] ?? node.layer.type,
      inputs: inputs.has(node) ? [] : node.inputs.map(tensor => edge(tensor.node, tensor.output)),
      ...(sharedWith !== undefined && { sharedWith }),
      ...(inputs.has(node) && { op: { kind: 'input' } }),
    });
  });
  const graph: ModelGraph = {
    name,
    format: 'tfjs-code',
    ...rangesOf(context, model.place ?? nodes.find(node => isOwn(node.layer))?.layer.place),
    layers,
    inputs: model.inputs.map(tensor => edge(tensor.node, tensor.output)),
    outputs: model.outputs.map(tensor => edge(tensor.node, tensor.output)),
    gaps: [...model.gaps, ...inputGaps(context, nodes, inputs), ...shapeGaps(context, nodes, names)],
  };
  const problems = nodes.flatMap((node, layer) => node.description.problems.map(message => ({ message, layer })));
  return { graph, layers: nodes.map(node => node.layer), problems };
}

function toLayer(
  context: Context,
  model: ModelValue,
  node: ApplyNode,
  id: number,
  own: Pick<Layer, 'name' | 'inputs'> & Partial<Layer>,
): Layer {
  const { layer, description } = node;
  const frozen = [model, ...node.within].some(owner => owner.trainable === false);
  return {
    id,
    type: layer.type,
    op: description.op,
    inputShapes: own.inputs.length === 0 ? [] : node.inputs.map(shapeOf),
    outputShapes: description.outputShapes,
    ...(description.activation && { activation: description.activation }),
    weights: description.weights,
    trainable: !frozen && (layer.trainable ?? description.trainable),
    ...(!layer.implicit && rangesOf(context, layer.place)),
    ...partsOf(context, layer),
    ...own,
  };
}

/**
 * Names of layers: the one the code gives, else the layer's type and its number among the model's layers of that type
 * (TensorFlow.js would say `conv2d_Conv2D1`, counting all layers ever made). Layers of a model used as a layer are
 * prefixed with its name and counted apart; a layer applied again gets a number in parentheses.
 */
function nameLayers(nodes: readonly ApplyNode[]): string[] {
  const given = new Map<LayerValue, string>();
  const counts = new Map<string, number>();
  const uses = new Map<string, number>();
  const taken = new Set<string>();
  return nodes.map(node => {
    const prefix = node.within.map(model => `${model.name ?? modelNameFor(model.site)}/`).join('');
    let name = given.get(node.layer);
    if (name === undefined) {
      const key = `${prefix}${node.layer.type}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      name = node.layer.name ?? `${node.layer.type}_${count}`;
      given.set(node.layer, name);
    }
    const full = `${prefix}${name}`;
    let unique = full;
    while (taken.has(unique)) {
      const use = (uses.get(full) ?? 1) + 1;
      uses.set(full, use);
      unique = `${full} (${use})`;
    }
    taken.add(unique);
    return unique;
  });
}

/** A layer that nobody wrote has none; neither has what is made in another file without a call from this one. */
function isOwn(layer: LayerValue): boolean {
  return layer.place !== undefined && !layer.implicit;
}

function rangesOf(context: Context, place: ts.Node | undefined): Pick<Layer, 'range' | 'fullRange'> {
  const range = place && rangeIn(context, calleeName(place));
  const fullRange = place && rangeIn(context, place);
  return range && fullRange ? { range, fullRange } : {};
}

/** Calls of wrapped layers that do not stand in the call of the layer itself. */
function partsOf(context: Context, layer: LayerValue): Pick<Layer, 'parts'> {
  const around = layer.place && rangeIn(context, layer.place);
  const inner = layer.parts.flatMap(part => [part, ...part.parts]);
  const ranges = inner.flatMap(({ place }) => rangesOf(context, place).fullRange ?? []);
  const parts = ranges.filter(({ start, end }) => !around || start < around.start || end > around.end);
  return parts.length > 0 ? { parts } : {};
}

function isKnown(shape: Shape): boolean {
  return shape?.every(dim => dim !== null) ?? false;
}

/** Why the shape of an input is not known; inputs that the model does not list. */
function inputGaps(context: Context, nodes: readonly ApplyNode[], inputs: ReadonlySet<ApplyNode>): Gap[] {
  const gaps: Gap[] = [];
  for (const node of nodes) {
    if (node.description.op.kind !== 'input') continue;
    const { range } = rangesOf(context, node.layer.place);
    const note = (clause: string): void => void gaps.push({ reason: sentence(clause), ...(range && { range }) });
    if (!inputs.has(node)) note('the model depends on an input that it does not list');
    if (isKnown(node.description.outputShapes[0] ?? null)) continue;
    const cause = Object.values(node.layer.config).map(causeOf).find(Boolean) ?? 'it leaves dimensions open';
    note(`the input shape of the model is not known here: ${cause}`);
  }
  return gaps;
}

/** Why a layer's output shape is not known, where its own configuration is the reason. */
function shapeGaps(context: Context, nodes: readonly ApplyNode[], names: readonly string[]): Gap[] {
  return nodes.flatMap((node, id): Gap[] => {
    const { op, outputShapes, problems } = node.description;
    if (op.kind === 'unknown' || op.kind === 'input' || problems.length > 0 || outputShapes.every(isKnown)) return [];
    const keys = new Map<string, string[]>();
    for (const [key, value] of Object.entries(node.layer.config)) {
      const cause = irrelevant.has(key) ? undefined : causeOf(value);
      if (cause) keys.set(cause, [...(keys.get(cause) ?? []), key]);
    }
    if (keys.size === 0 || !node.layer.site) return [];
    const { range } = rangesOf(context, node.layer.place);
    const causes = [...keys].map(([cause, [key, ...more]]) =>
      more.length > 2 ? cause : `${[key, ...more].join(', ')}: ${cause}`,
    );
    const reason = sentence(`the output shape of \`${names[id]}\` is not known here: ${causes.join('; ')}`);
    return [{ reason, ...(range && { range }) }];
  });
}

/** Keys that do not bear on a layer's output shape, or only through its input. */
const irrelevant: ReadonlySet<string> = new Set([
  ...[
    'activation',
    'alpha',
    'batchInputShape',
    'batchSize',
    'biasInitializer',
    'center',
    'dtype',
    'epsilon',
    'inputShape',
  ],
  ...['interpolation', 'kernelInitializer', 'maskZero', 'maxValue', 'momentum', 'name', 'rate', 'recurrentActivation'],
  ...['recurrentInitializer', 'scale', 'seed', 'sharedAxes', 'theta', 'trainable', 'useBias', 'weights'],
]);

/** The reason of an unknown value, or of an unknown entry of a list. */
function causeOf(value: ConfigValue): string | undefined {
  if (Array.isArray(value)) return value.map(causeOf).find(Boolean);
  return isUnknownConfig(value) ? value.unknown : undefined;
}
