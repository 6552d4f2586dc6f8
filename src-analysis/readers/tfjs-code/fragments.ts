import type ts from 'typescript';
import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { applyLayer, outputsOf, unknownTensor } from './layers.ts';
import { nodesOf } from './models.ts';
import { enclosingFunctionName } from './names.ts';
import type { LayerValue, ModelValue, TensorValue } from './values.ts';

/**
 * Layers that no reported model holds, such as those of a helper that only other files call: one model for each
 * function that makes some, so that they are not passed over in silence.
 */
export function fragments(context: Context, reported: ReadonlySet<ts.Node>): ModelValue[] {
  const groups = new Map<string, Map<ts.Node, LayerValue>>();
  for (const layer of context.layers) {
    const { site } = layer;
    if (!site || layer.place !== site || isStandIn(layer) || layer.used || reported.has(site)) continue;
    const owner = enclosingFunctionName(site) ?? 'layers';
    const group = groups.get(owner) ?? new Map<ts.Node, LayerValue>();
    if (group.size < limits.fragmentLayers && !group.has(site)) group.set(site, layer);
    groups.set(owner, group);
  }
  return [...groups].flatMap(([name, group]) => {
    const layers = [...group.values()];
    // Losses and data preparation are operations on tensors, too; a model has weights.
    if (layers.every(isBareOperation)) return [];
    return [fragment(context, name, layers)];
  });
}

function isBareOperation({ operation, nodes }: LayerValue): boolean {
  return operation === true && nodes.every(({ description }) => description.weights.length === 0);
}

/** Inputs, and what stands for something unknown, are told with the layers that take them. */
function isStandIn(layer: LayerValue): boolean {
  return layer.className === '' || layer.className === 'InputLayer';
}

function fragment(context: Context, name: string, layers: readonly LayerValue[]): ModelValue {
  const site = layers.find(layer => layer.site)?.site ?? context.source;
  const nodes = layers.map(layer => layer.nodes.at(-1) ?? applyLayer(context, layer, inputsFor(context, layer)));
  // What goes into another of these layers is none of the outputs.
  const inner = new Set(nodes.flatMap(node => node.inputs.map(tensor => tensor.node)));
  const outputs = nodes.filter(node => !inner.has(node)).flatMap(outputsOf);
  const inputs = nodesOf(context, { inputs: [], outputs }).filter(node => node.description.op.kind === 'input');
  const gap = { reason: 'These layers are not seen to be part of a model of this file.' };
  return {
    kind: 'model',
    born: ++context.clock,
    type: 'functional',
    site,
    place: site,
    name,
    maker: undefined,
    explored: true,
    top: undefined,
    inputs: inputs.flatMap(outputsOf),
    outputs,
    gaps: [gap],
    trainable: undefined,
    trained: false,
    nested: false,
  };
}

function inputsFor(context: Context, layer: LayerValue): TensorValue[] {
  if (layer.className === 'InputLayer') return [];
  return [unknownTensor(context, 'what the layer is applied to is not known here', layer.site)];
}
