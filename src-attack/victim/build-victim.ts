import type { Layer, ModelGraph } from '../../src-analysis/model/graph.ts';
import { gradient } from '../ir/gradient.ts';
import { createGraph, type Node } from '../ir/graph.ts';
import { inputOf, type ModelInput } from './input.ts';
import { buildLayer } from './layers/build-layer.ts';
import type { LayerContext } from './layers/context.ts';
import { attachLoss, type Logits } from './loss.ts';
import { createParameters } from './parameters.ts';
import { inOwnLayout, NotSupported, own, type Value } from './value.ts';
import type { Unsupported, VictimOptions, VictimResult, WeightValues } from './victim.ts';

/**
 * The training step of a model as a graph: loss of an input `x` and a target `y`, and its gradient for every trainable
 * weight, in the weight's own layout. `weights` are looked up by {@link weightKey}. Every obstacle is listed at once,
 * by layer; nothing on the path from input to output is skipped in silence.
 */
export function buildVictim(
  model: ModelGraph,
  weights: ReadonlyMap<string, WeightValues>,
  options: VictimOptions,
): VictimResult {
  const unsupported: Unsupported[] = [];
  const attempt = <T>(layer: number | null, build: () => T): T | undefined => {
    try {
      return build();
    } catch (error) {
      // Shapes that do not fit are errors of the graph's operations: their messages name the shapes.
      unsupported.push({ layer, reason: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };

  const graph = createGraph();
  const parameters = createParameters(model, graph, weights);
  // What was read is attacked; what was not followed is told with the result.
  const assumptions = new Set(model.gaps.map(gap => `The model was read in part: ${gap.reason}`));
  const logits = new Map<Node, Logits>();
  const input = attempt(null, () => inputOf(model, graph, options));
  const output = attempt(null, () => onlyOutput(model));
  if (!input || !output) return { victim: null, unsupported };

  const source = model.layers[input.edge.layer]!;
  const table =
    source.op.kind === 'embedding' ? attempt(source.id, () => parameters.lookedUp(source, input.x)) : undefined;
  if (table) assumptions.add('The unknowns are the vectors of the tokens, each of which names its token.');
  const values = new Map<string, Value>([[`${input.edge.layer}:${input.edge.output}`, input.value]]);
  const layerOutputs = new Map<number, Node>();
  for (const layer of model.layers.filter(neededBy(model, output.layer))) {
    if (layer.id === input.edge.layer || input.skipped.has(layer.id)) continue;
    const inputs = layer.inputs.map(edge => values.get(`${edge.layer}:${edge.output}`));
    // What stands behind a layer of unknown shape cannot be looked at; that layer is listed.
    if (inputs.some(value => value === undefined)) continue;
    const context: LayerContext = {
      layer,
      inputs: inputs as Value[],
      graph,
      parameters,
      format: model.format,
      normMode: options.normMode,
      assume: sentence => assumptions.add(sentence),
      noteLogits: (node, activation, before) => logits.set(node, { activation, before }),
    };
    const built = attempt(layer.id, () => buildLayer(context));
    const outputs = built ?? standIns(layer, input, graph.nodes.length);
    outputs.forEach((value, i) => {
      values.set(`${layer.id}:${i}`, value);
    });
    if (built?.[0]) layerOutputs.set(layer.id, built[0].node);
  }

  const last = values.get(`${output.layer}:${output.output}`);
  const losses =
    last && attempt(null, () => attachLoss(graph, own(last), logits, options.loss, s => assumptions.add(s)));
  if (unsupported.length > 0 || !losses) return { victim: null, unsupported: orNothingKnown(unsupported) };
  if (parameters.trainable.length === 0) {
    return {
      victim: null,
      unsupported: [{ layer: null, reason: 'The model has no trainable weight: there is no gradient to attack.' }],
    };
  }
  const gradients = gradient(
    losses.loss,
    parameters.trainable.map(parameter => parameter.node),
  );
  return {
    victim: {
      graph,
      x: input.x,
      ...(table ? { table } : {}),
      inputLayout: input.layout,
      ...losses,
      parameters: parameters.trainable,
      gradients,
      layerOutputs,
      assumptions: [...assumptions],
    },
    unsupported: [],
  };
}

function onlyOutput(model: ModelGraph): { readonly layer: number; readonly output: number } {
  const [output] = model.outputs;
  if (!output) throw new NotSupported('The model has no output.');
  if (model.outputs.length > 1) {
    throw new NotSupported(`The model has ${model.outputs.length} outputs; the attack engine covers one.`);
  }
  return output;
}

/** Whether a layer is on a path to the output. */
function neededBy(model: ModelGraph, output: number): (layer: Layer) => boolean {
  const needed = new Set<number>();
  const stack = [output];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (needed.has(id)) continue;
    needed.add(id);
    stack.push(...(model.layers[id]?.inputs.map(edge => edge.layer) ?? []));
  }
  return layer => needed.has(layer.id);
}

/** Inputs in place of a layer that cannot be built, where its shape is known, so that the layers behind it are looked at. */
function standIns(layer: Layer, input: ModelInput, serial: number): Value[] {
  const batch = input.x.shape[0]!;
  return layer.outputShapes.flatMap((shape, i) => {
    if (!shape?.every(dim => dim !== null && dim > 0)) return [];
    return [inOwnLayout(input.x.graph.input(`stand-in ${serial}.${i}`, [batch, ...(shape as number[])]))];
  });
}

function orNothingKnown(unsupported: readonly Unsupported[]): readonly Unsupported[] {
  return unsupported.length > 0 ? unsupported : [{ layer: null, reason: 'The output does not depend on the input.' }];
}
